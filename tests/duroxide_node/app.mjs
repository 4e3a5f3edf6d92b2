// An application on the Duroxide runtime, in the folder where that is installed:
//   node app.mjs scenarios SCHEMA           all kinds of orchestrations; prints what became of each as a line of JSON
//   node app.mjs serve SCHEMA               works until it is killed; prints `ready`
//   node app.mjs begin SCHEMA COUNT         begins as many, of several kinds; prints nothing
//   node app.mjs finish SCHEMA COUNT        waits for them; prints what became of each
import { activityIsCancelled, clientOf, connect, orchestrationSetCustomStatus, orchestrationSetValue, start } from "./runtime.mjs";

const text = (value) => JSON.stringify(value ?? null);
const activity = (name, input, more = {}) => ({ type: "activity", name, input: text(input), ...more });
const timer = (delayMs) => ({ type: "timer", delayMs });
const child = (name, input) => ({ type: "subOrchestration", name, input: text(input) });
const results = (joined) => joined.map(({ ok, err }) => (err === undefined ? ok : { err }));
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

const tries = new Map();
const cancelled = [];
const activities = {
  upper: async (word) => word.toUpperCase(),
  slow: async (n) => pause(50).then(() => n),
  fails: async () => { throw new Error("no such luck"); },
  unsteady: async (key) => {
    tries.set(key, (tries.get(key) ?? 0) + 1);
    if (tries.get(key) < 3) throw new Error("not yet");
    return tries.get(key);
  },
  whoAmI: async (_, context) => context.workerId,
  endless: async (key, { _traceToken }) => {
    while (!activityIsCancelled(_traceToken)) await pause(50);
    cancelled.push(key);
  },
};

const orchestrations = {
  *chain(_, word) {
    return [yield activity("upper", word), yield activity("upper", word + word)];
  },
  *fanOut(_, count) {
    return results(yield { type: "join", tasks: Array.from({ length: count }, (_, n) => activity("slow", n)) });
  },
  *sleeper(_, ms) {
    yield timer(ms);
    return "awake";
  },
  *listener() {
    return yield { type: "waitEvent", name: "go" };
  },
  *mailbox() {
    return [yield { type: "dequeueEvent", queueName: "in" }, yield { type: "dequeueEvent", queueName: "in" }];
  },
  *parent(_, count) {
    const alone = yield child("chain", "a");
    return [alone, results(yield { type: "join", tasks: Array.from({ length: count }, (_, n) => child("sleeper", n)) })];
  },
  *rounds(_, { left, seen }) {
    const word = yield activity("upper", "r" + left);
    if (left > 1) yield { type: "continueAsNew", input: text({ left: left - 1, seen: [...seen, word] }) };
    return [...seen, word];
  },
  *patient() {
    return yield { type: "select", tasks: [{ type: "waitEvent", name: "never" }, child("listener")] };
  },
  *race({ instanceId }) {
    const won = yield { type: "select", tasks: [activity("endless", instanceId), timer(200)] };
    return won.index;
  },
  *sameWorker() {
    const workers = [];
    for (let n = 0; n < 4; n++) workers.push(yield activity("whoAmI", n, { sessionId: "s1" }));
    return new Set(workers).size;
  },
  *tagged() {
    return yield activity("upper", "tag", { tag: "gpu" });
  },
  *values({ instanceId }, { left }) {
    orchestrationSetCustomStatus(instanceId, "round " + left);
    orchestrationSetValue(instanceId, "key" + left, "value" + left);
    yield activity("upper", "v");
    if (left > 1) yield { type: "continueAsNew", input: text({ left: left - 1 }) };
    return "done";
  },
  *again({ instanceId }) {
    const retry = { maxAttempts: 5, backoff: "none" };
    return yield { type: "activityWithRetry", name: "unsteady", input: text(instanceId), retry };
  },
  *broken() {
    return yield activity("fails", null);
  },
  *everything({ instanceId }, n) {
    const one = yield activity("slow", n);
    yield timer(100 + 10 * (n % 10));
    const many = results(yield { type: "join", tasks: [activity("slow", n + 1), activity("slow", n + 2), child("chain", "x" + n)] });
    orchestrationSetValue(instanceId, "n", String(n));
    return [one, many];
  },
};

const [what, schema, count] = process.argv.slice(2);
const provider = await connect(schema);
const client = clientOf(provider);
const options = { orchestrationConcurrency: 4, workerConcurrency: 8, dispatcherPollIntervalMs: 50, workerLockTimeoutMs: 3000,
  workerTagFilter: "defaultAnd", workerTagFilterTags: ["gpu"] };
const serve = () => start(provider, { orchestrations, activities, options });
const patience = 120000;

const tell = (name, value) => console.log(text({ name, ...value }));
const begin = (id, name, input) => client.startOrchestration(id, name, text(input));
const ended = async (id) => {
  const { status, output, error, customStatus } = await client.waitForOrchestration(id, patience);
  return { status, output: output === undefined ? undefined : JSON.parse(output), error, customStatus };
};
// Until the instance's history has an event of that kind.
async function waits(id, kind) {
  for (const end = Date.now() + patience; Date.now() < end; await pause(50)) {
    const history = await client.readExecutionHistory(id, 1).catch(() => []);
    if (history.some((event) => event.kind === kind)) return;
  }
  throw new Error(`${id} has no ${kind}`);
}
// The child of the instance, as soon as it has begun, which is some time after it was scheduled.
async function childOf(id) {
  for (const end = Date.now() + patience; Date.now() < end; await pause(50)) {
    const { allIds } = await client.getInstanceTree(id).catch(() => ({ allIds: [] }));
    const child = allIds.find((other) => other !== id);
    if (child) return child;
  }
  throw new Error(`${id} has no child`);
}
async function run(name, input) {
  await begin(name, name, input);
  tell(name, await ended(name));
}

// Of several kinds, so that whatever is killed is in the middle of something.
const kinds = ["everything", "rounds", "parent", "sameWorker"];
const inputs = [(n) => n, () => ({ left: 6, seen: [] }), () => 3, () => null];

if (what === "scenarios") {
  const runtime = serve();
  await run("chain", "ab");
  await run("fanOut", 5);
  await run("sleeper", 300);
  await begin("listener", "listener");
  await waits("listener", "ExternalSubscribed");
  await client.raiseEvent("listener", "go", text({ x: 1 }));
  tell("listener", await ended("listener"));
  await begin("mailbox", "mailbox");
  await waits("mailbox", "OrchestrationStarted");
  for (const n of [1, 2]) await client.enqueueEvent("mailbox", "in", text(n));
  tell("mailbox", await ended("mailbox"));
  await run("parent", 3);
  tell("tree", { size: (await client.getInstanceTree("parent")).size });
  await run("rounds", { left: 4, seen: [] });
  tell("executions", { list: await client.listExecutions("rounds") });
  await begin("patient", "patient");
  const childOfPatient = await childOf("patient");
  await client.cancelInstance("patient", "enough");
  tell("patient", await ended("patient"));
  tell("child of patient", await ended(childOfPatient));
  await run("race");
  for (const end = Date.now() + patience; !cancelled.length && Date.now() < end;) await pause(50);
  tell("loser", { cancelled });
  await run("sameWorker");
  await run("tagged");
  await run("values", { left: 3 });
  tell("kept", { values: await client.getKvAllValues("values") });
  await run("again");
  await run("broken");
  tell("pruned", { deleted: (await client.pruneExecutions("rounds", { keepLast: 1 })).executionsDeleted });
  tell("deleted", { instances: (await client.deleteInstance("parent", false)).instancesDeleted });
  const metrics = await client.getSystemMetrics();
  tell("left", { running: Number(metrics.runningInstances), ...(await client.getQueueDepths()) });
  await runtime.shutdown(2000);
}
if (what === "serve") {
  serve();
  console.log("ready");
  await new Promise(() => {});
}
if (what === "begin")
  for (let n = 0; n < count; n++) await begin(`i${n}`, kinds[n % kinds.length], inputs[n % kinds.length](n));
if (what === "finish")
  for (let n = 0; n < count; n++) tell(`i${n}`, await ended(`i${n}`));
process.exit(0);
