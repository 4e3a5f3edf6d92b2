// node load.mjs SCHEMA SECONDS POLL_MS TURNS ACTIVITIES: orchestrations of five activities of 10 ms each, 20 of them at
// any time, for so long, with so many slots. Prints what a second of it did, latencies in ms, and the CPU time of this process for one, as a line of JSON.
import { clientOf, connect, start } from "./runtime.mjs";

const IN_FLIGHT = 20;
const [schema, seconds, ...slots] = process.argv.slice(2);
const [poll, turns, activities] = slots.map(Number);
const provider = await connect(schema);
const client = clientOf(provider);
const runtime = start(provider, {
  activities: { work: (n) => new Promise((resolve) => setTimeout(() => resolve(n), 10)) },
  orchestrations: {
    *stress() {
      const tasks = Array.from({ length: 5 }, (_, n) => ({ type: "activity", name: "work", input: String(n) }));
      return (yield { type: "join", tasks }).length;
    },
  },
  options: { orchestrationConcurrency: turns, workerConcurrency: activities, dispatcherPollIntervalMs: poll },
});

let number = 0;
async function one() {
  const id = `o${number++}`;
  const begin = performance.now();
  await client.startOrchestration(id, "stress", "null");
  const { status, output, error } = await client.waitForOrchestration(id, 60000);
  if (status !== "Completed" || output !== "5") throw new Error(`${id}: ${status} ${output} ${error}`);
  return performance.now() - begin;
}

// Until `end`, 20 at a time; their latencies.
async function work(end) {
  const latencies = [];
  const lane = async () => {
    while (performance.now() < end) latencies.push(await one());
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, lane));
  return latencies.sort((a, b) => a - b);
}

await work(performance.now() + 1000); // connections, plans, compiled code
console.log("warm");
await new Promise((resolve) => process.stdin.once("data", resolve));
const [begin, usage] = [performance.now(), process.cpuUsage()];
const latencies = await work(begin + 1000 * seconds);
const [elapsed, { user, system }] = [(performance.now() - begin) / 1000, process.cpuUsage(usage)];
const at = (share) => latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * share))];
console.log(JSON.stringify({ done: latencies.length, rate: latencies.length / elapsed, activities: (5 * latencies.length) / elapsed,
  busy: (5 * 10 * latencies.length) / 1000 / elapsed / activities,
  p50: at(0.5), p99: at(0.99), client: (user + system) / 1000 / latencies.length }));
await runtime.shutdown(1000);
process.exit(0);
