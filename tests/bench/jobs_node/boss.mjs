// pg-boss, tuned: node boss.mjs setup | fill JOBS | drain JOBS.
import { PgBoss } from "pg-boss";
import { Countdown, connection, openPool, readyAndTold } from "./common.mjs";

const [what, jobs] = process.argv.slice(2);
const boss = new PgBoss({ ...connection, max: 12, supervise: false, schedule: false, useListenNotify: true });
boss.on("error", (error) => console.error(String(error)));
await boss.start();

if (what === "setup") await boss.createQueue("bench", { notify: true, retryLimit: 2 });
if (what === "fill")
  for (let n = 1; n <= jobs; n += 4000) {
    const length = Math.min(4000, jobs - n + 1);
    await boss.insert("bench", Array.from({ length }, (_, i) => ({ data: { n: n + i } })));
  }
if (what === "drain") {
  const pool = await openPool(10);
  await readyAndTold();
  const count = new Countdown(Number(jobs));
  const effect = ({ data }) => pool.query("insert into b.effect(id) values ($1)", [data.n]);
  await boss.work("bench", { batchSize: 100, burstWhenBatchFull: true, localConcurrency: 2 }, async (batch) => {
    await Promise.all(batch.map(effect));
    count.done(batch.length);
  });
  await count.finished();
}
await boss.stop({ graceful: what === "drain", timeout: 5000 });
process.exit(0);
