// What the drivers of the queues on Node share. They find the server by PGHOST, PGUSER and so on, and talk to
// jobs_systems.py: `ready` on standard output when connected, a line on standard input to begin.
import pg from "pg";
import { createInterface } from "node:readline";

export const connection = { host: process.env.PGHOST, port: process.env.PGPORT, user: process.env.PGUSER,
  database: process.env.PGDATABASE };

// A pool that is connected already.
export async function openPool(size) {
  const pool = new pg.Pool({ ...connection, max: size });
  pool.on("error", (error) => console.error(String(error)));
  pool.on("connect", (client) => client.on("error", () => {}));
  const clients = await Promise.all(Array.from({ length: size }, () => pool.connect()));
  clients.forEach((client) => client.release());
  return pool;
}

export const microseconds = () => (performance.timeOrigin + performance.now()) * 1000;

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
export const hear = () => lines.next();
export async function readyAndTold() {
  console.log("ready");
  await hear();
}

// Counts jobs down, and tells the CPU time that this process spent on each.
export class Countdown {
  constructor(jobs) {
    this.jobs = this.left = jobs;
    this.usage = process.cpuUsage();
    this.end = new Promise((resolve) => (this.resolve = resolve));
  }
  done(jobs = 1) {
    this.left -= jobs;
    if (this.left <= 0) this.resolve();
  }
  async finished() {
    await this.end;
    const { user, system } = process.cpuUsage(this.usage);
    console.log(((user + system) / this.jobs).toFixed(1));
  }
}
