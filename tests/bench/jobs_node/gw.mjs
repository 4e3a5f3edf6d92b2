// graphile-worker, tuned: node gw.mjs setup | drain JOBS | serve. Serving writes when each job began.
import { makeWorkerUtils, Logger, run } from "graphile-worker";
import { Countdown, hear, microseconds, openPool, readyAndTold } from "./common.mjs";

const [what, jobs] = process.argv.slice(2);
const logger = new Logger(() => () => {});
const preset = { worker: { logger, concurrentJobs: 24, maxPoolSize: 26, localQueue: { size: 500 },
  completeJobBatchDelay: 0, failJobBatchDelay: 0 } };
const pgPool = await openPool(what === "setup" ? 1 : 26);

if (what === "setup") {
  const utils = await makeWorkerUtils({ pgPool, logger });
  await utils.migrate();
  await utils.release();
}
if (what === "drain") {
  await readyAndTold();
  const count = new Countdown(Number(jobs));
  const effect = async ({ n }, { query }) => {
    await query("insert into b.effect(id) values ($1)", [n]);
    count.done();
  };
  const runner = await run({ preset, pgPool, logger, noHandleSignals: true, taskList: { effect } });
  await count.finished();
  await runner.stop();
}
if (what === "serve") {
  const began = [];
  const start = async ({ n }) => { began.push(`${n}\t${microseconds().toFixed(0)}`); };
  const runner = await run({ preset, pgPool, logger, noHandleSignals: true, taskList: { start } });
  await readyAndTold();
  await runner.stop();
  process.stdout.write(began.join("\n") + "\n");
}
await pgPool.end().catch(() => {});
process.stdout.write("", () => process.exit(0));
