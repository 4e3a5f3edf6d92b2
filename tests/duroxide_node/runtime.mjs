// The Duroxide runtime on a schema of the server that the environment names (PGHOST, a folder or an address; PGPORT,
// PGUSER, PGDATABASE). Orchestrations are JavaScript generators that yield descriptors of tasks.
import { createRequire } from "node:module";

const addon = createRequire(process.cwd() + "/")("duroxide-linux-x64-gnu");
const { PGHOST: host, PGPORT: port, PGUSER: user, PGDATABASE: database } = process.env;
const url = host.startsWith("/")
  ? `postgresql://${user}:none@localhost:${port}/${database}?host=${encodeURIComponent(host)}`
  : `postgresql://${user}:none@${host}:${port}/${database}`;

export const connect = (schema) => addon.JsPostgresProvider.connectWithSchema(url, schema);
export const clientOf = (provider) => addon.JsClient.fromPostgres(provider);
export const { activityIsCancelled, orchestrationSetCustomStatus, orchestrationSetValue, orchestrationGetValue } = addon;

// What the runtime asks of generators: begin one, feed one, forget one.
class Driver {
  #generators = new Map();
  #next = 0;
  constructor(orchestrations) {
    this.orchestrations = orchestrations;
  }
  #step(id, step) {
    try {
      const { done, value } = step(this.#generators.get(id));
      return JSON.stringify(done ? { status: "completed", output: JSON.stringify(value ?? null) }
        : { status: "yielded", generatorId: id, task: value });
    } catch (error) {
      return JSON.stringify({ status: "error", message: String(error?.message ?? error) });
    }
  }
  create = (text) => {
    const { ctxInfo, input } = JSON.parse(text);
    const id = ++this.#next;
    const given = typeof input === "string" ? JSON.parse(input) : input;
    this.#generators.set(id, this.orchestrations[ctxInfo.orchestrationName](ctxInfo, given));
    return this.#step(id, (generator) => generator.next());
  };
  next = (text) => {
    const { generatorId, result, isError } = JSON.parse(text);
    const fed = isError ? new Error(typeof result === "string" ? result : JSON.stringify(result))
      : typeof result === "string" ? JSON.parse(result) : result;
    return this.#step(generatorId, (generator) => (isError ? generator.throw(fed) : generator.next(fed)));
  };
  dispose = (text) => {
    this.#generators.delete(Number(text));
    return "";
  };
}

// A runtime that works. An activity is a function of (input, its context).
export function start(provider, { orchestrations, activities, options }) {
  const runtime = addon.JsRuntime.fromPostgres(provider, { logLevel: "error", ...options });
  const driver = new Driver(orchestrations);
  runtime.setGeneratorDriver(driver.create, driver.next, driver.dispose);
  for (const [name, run] of Object.entries(activities))
    runtime.registerActivity(name, async (payload) => {
      const line = payload.indexOf("\n");
      const result = await run(JSON.parse(payload.slice(line + 1)), JSON.parse(payload.slice(0, line)));
      return JSON.stringify(result ?? null);
    });
  for (const name of Object.keys(orchestrations)) runtime.registerOrchestration(name);
  runtime.start();
  return runtime;
}
