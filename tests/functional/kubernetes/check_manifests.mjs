// Manifests (YAML) on standard input, as JSON on standard output: {"documents": [...], "errors": ["Kind/name: ...", ...]}.
// Values are checked by the JSON schemas of kubernetes-models, unknown fields by its TypeScript types: the schemas allow those.
import fs from "node:fs";
import ts from "typescript";
import YAML from "yaml";

const documents = YAML.parseAllDocuments(fs.readFileSync(0, "utf8")).map((document) => {
  if (document.errors.length) throw document.errors[0];
  return document.toJS();
});
const errors = [];
const label = ({ kind, metadata }) => `${kind}/${metadata?.name}`;

function models({ apiVersion }) {
  const owner = apiVersion.startsWith("monitoring.coreos.com/") ? "@kubernetes-models/prometheus-operator" : "kubernetes-models";
  return `${owner}/${apiVersion}`;
}

for (const document of documents) {
  try {
    const { [document.kind]: Model } = await import(models(document));
    new Model(document).validate();
  } catch (error) {
    errors.push(`${label(document)}: ${error.message}`);
  }
}

const source = documents
  .map((document, i) => `import { I${document.kind} as T${i} } from "${models(document)}";\n` +
    `export const document${i}: T${i} = ${JSON.stringify(document)};\n`)
  .join("");
const file = new URL("manifests.ts", import.meta.url).pathname; // where the packages are found
fs.writeFileSync(file, source);
const program = ts.createProgram([file], {
  noEmit: true, strict: true, skipLibCheck: true, types: [], target: ts.ScriptTarget.ES2022,
  module: ts.ModuleKind.Node16, moduleResolution: ts.ModuleResolutionKind.Node16,
});
for (const { messageText, file: where, start } of ts.getPreEmitDiagnostics(program)) {
  const line = where ? where.getLineAndCharacterOfPosition(start).line : 0;
  errors.push(`${label(documents[Math.floor(line / 2)])}: ${ts.flattenDiagnosticMessageText(messageText, " ")}`);
}
console.log(JSON.stringify({ documents, errors }));
