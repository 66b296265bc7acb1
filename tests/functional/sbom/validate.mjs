// Checks a bill of materials (CycloneDX as JSON, from standard input) against the schema published for its version, in
// its strict form: a property that the schema does not know is an error. What does not fit is printed.
import { readFileSync } from "node:fs";
import { Validation } from "@cyclonedx/cyclonedx-library";

const bill = readFileSync(0, "utf8");
const problems = await new Validation.JsonStrictValidator(JSON.parse(bill).specVersion).validate(bill);
if (problems !== null) console.log(JSON.stringify(problems, null, 1));
