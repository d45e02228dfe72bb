// Compiles a JSON Schema as SchemaStore does: Ajv in strict mode, without its rules about types, which forbid short forms of keys.
const { readFileSync } = require("node:fs");
const Ajv = require("ajv").default;

const known = ["patternErrorMessage"]; // of the language server behind VS Code
const ajv = new Ajv({ strict: true, strictTypes: false, strictRequired: false, keywords: known });
ajv.compile(JSON.parse(readFileSync(process.argv[2], "utf8")));
console.log("ok");
