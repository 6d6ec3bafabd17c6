// csp_evaluator.mjs: Google's judgement of the policy on stdin, as JSON: [{severity, directive, value, description}].
// A severity below 30 is high (10) or a syntax error (20), as in the package's own list.

import { readFileSync } from "node:fs";
import { CspEvaluator } from "csp_evaluator/dist/evaluator.js";
import { CspParser } from "csp_evaluator/dist/parser.js";

const { csp } = new CspParser(readFileSync(0, "utf8"));
const brief = ({ severity, directive, value, description }) => ({ severity, directive, value, description });
console.log(JSON.stringify(new CspEvaluator(csp).evaluate().map(brief)));
