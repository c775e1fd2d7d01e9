import { existsSync } from 'node:fs';
import { CommanderError } from 'commander';
import { errnoOf, RagtuiError, toRagtuiError } from '../platform/errors.ts';
import { type WorkspacePaths, workspacePaths } from '../platform/paths.ts';
import type { Invocation } from './define.ts';
import { EXIT, exitCodeOf } from './exit-codes.ts';
import { Output } from './output.ts';
import { buildProgram, globalOptions } from './program.ts';

/** Runs one command line (without `node` and the script) and returns its exit code. */
export async function runCli(argv: readonly string[]): Promise<number> {
  quietEpipe();
  const invocation: Invocation = { run: undefined };
  const program = buildProgram(invocation);
  const plain = new Output(
    { json: argv.includes('--json'), quiet: false, color: false },
    process.stdout,
    process.stderr,
  );
  try {
    program.parse([...argv], { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError) return afterCommander(error, plain);
    return fail(error, plain);
  }
  const options = globalOptions(program);
  const color = options.color && !process.env['NO_COLOR'];
  const out = new Output({ json: options.json, quiet: options.quiet, color }, process.stdout, process.stderr);
  const paths = workspacePaths(options.home);
  try {
    if (!invocation.run) return EXIT.usage;
    const code = await invocation.run({
      out,
      paths,
      env: process.env,
      signal: interruptSignal(out),
      interactive: Boolean(process.stdin.isTTY && process.stderr.isTTY && !options.json),
    });
    return code ?? EXIT.done;
  } catch (error) {
    await record(error, paths, argv[0]);
    return fail(error, out);
  } finally {
    out.clearProgress();
  }
}

function fail(error: unknown, out: Output): number {
  if (errnoOf(error) === 'EPIPE') return EXIT.done;
  const known = toRagtuiError(error);
  out.error(known);
  if (process.env['RAGTUI_DEBUG'] === '1' && error instanceof Error) process.stderr.write(`${error.stack}\n`);
  return exitCodeOf(known);
}

/** What should not have happened is kept with its stack in logs/command.log, for whoever has to find it. */
async function record(error: unknown, paths: WorkspacePaths, command = ''): Promise<void> {
  if (toRagtuiError(error).code !== 'internal' || !existsSync(paths.home)) return;
  const { openLog } = await import('../platform/logging.ts');
  try {
    openLog(paths.logs, 'command').error({ command, error: error instanceof Error ? error.stack : String(error) });
  } catch {
    // The error itself is told in any case.
  }
}

/** Help and version were already printed; anything else is wrong usage, said in one line. */
function afterCommander(error: CommanderError, out: Output): number {
  if (error.exitCode === 0) return EXIT.done;
  if (error.code === 'commander.help') return EXIT.usage;
  const message = error.message.replace(/^error: /, '').replace(/\s*\n\s*/g, ' ');
  const sentence = `${message.charAt(0).toUpperCase()}${message.slice(1)}`.replace(/([^.?)])$/, '$1.');
  return fail(new RagtuiError('usage', sentence, 'Run "ragtui --help" for the commands.'), out);
}

/** The first Ctrl+C asks the command to end; the second one does not ask. */
function interruptSignal(out: Output): AbortSignal {
  const controller = new AbortController();
  process.on('SIGINT', () => {
    if (controller.signal.aborted) {
      out.clearProgress();
      process.exit(EXIT.interrupted);
    }
    controller.abort(new RagtuiError('cancelled', 'Interrupted.'));
  });
  return controller.signal;
}

/** `ragtui … | head` ends without a word when head has seen enough. */
function quietEpipe(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error) => {
      if (errnoOf(error) === 'EPIPE') process.exit(EXIT.done);
      throw error;
    });
  }
}
