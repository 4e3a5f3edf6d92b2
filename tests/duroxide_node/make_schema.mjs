// node make_schema.mjs SCHEMA: the runtime makes its own tables and functions there.
import { connect } from "./runtime.mjs";

await connect(process.argv[2]);
process.exit(0);
