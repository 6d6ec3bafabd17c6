// observatory.mjs NAME HTTPS_PORT HTTP_PORT: MDN HTTP Observatory's own scan of NAME, whose ports 443 and 80 are
// the given ones on loopback. Trust comes from NODE_EXTRA_CA_CERTS. Prints {grade, score, tests} as JSON.

import fs from "node:fs";
import http from "node:http";
import https from "node:https";

const [name, httpsPort, httpPort] = process.argv.slice(2);

// The scanner knows no ports. Only the socket is redirected: URL, Host and the name in the certificate stay.
function redirect(agent, port) {
  const connect = agent.prototype.createConnection;
  agent.prototype.createConnection = function (options, ...rest) {
    if (options.host !== name) throw new Error(`the scan left ${name} for ${options.host}`);
    return connect.call(this, { ...options, host: "127.0.0.1", port, servername: name }, ...rest);
  };
}
redirect(http.Agent, Number(httpPort));
redirect(https.Agent, Number(httpsPort));

// The package downloads browsers' preload list in its install script, which is not run; no test name is on it.
const { readFileSync } = fs;
fs.readFileSync = (path, ...rest) =>
  String(path).endsWith("hsts-preload.json") ? "{}" : readFileSync(path, ...rest);

const { scan } = await import("@mdn/mdn-http-observatory");

try {
  const { scan: summary, tests } = await scan(name);
  const brief = ([test, { pass, result, scoreModifier }]) => [test, { passed: pass, result, modifier: scoreModifier }];
  console.log(
    JSON.stringify({
      grade: summary.grade,
      score: summary.score,
      tests: Object.fromEntries(Object.entries(tests).map(brief)),
    }),
  );
} catch (error) {
  console.error(`${name}: ${error.message}`);
  process.exit(1);
}
