import { runCli } from './run.ts';

const code = await runCli(process.argv.slice(2));
// What is still open (a socket that lingers) must not keep a finished command alive; what was printed must get out.
process.stdout.write('', () => process.stderr.write('', () => process.exit(code)));
