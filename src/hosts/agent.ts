import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { remoteScript } from '../platform/entry.ts';
import { errorCode, RagtuiError } from '../platform/errors.ts';
import { parseJson } from '../platform/json.ts';
import { type RemoteOptions, runThere } from './ssh.ts';
import type { KnownHost } from './types.ts';

const errorSchema = z.object({ error: z.object({ code: z.string(), message: z.string() }) });

const PARTS = ['agent', 'slurm', 'slurm_array', 'slurm_state', 'slurm_keeper', 'slurm_nodes', 'checkpoints'];
let source: Buffer | undefined;
/** The program that is sent: its parts, one behind the other, and the call that begins it. */
export const agentSource = (): Buffer => {
  source ??= Buffer.concat([...PARTS.map((name) => readFileSync(remoteScript(name))), Buffer.from('main()\n')]);
  return source;
};

/**
 * The command that starts the agent there, which comes over stdin: nothing is installed, and it is always ours. All that
 * varies is in base64, so that no shell finds anything to interpret.
 */
export function agentCommand({ facts }: Pick<KnownHost, 'facts'>, request: object): { command: string; input: Buffer } {
  if (!facts.python) throw noPython(facts.os);
  const input = agentSource();
  const text = Buffer.from(JSON.stringify(request)).toString('base64url');
  // base64url without its padding, which Python wants.
  const padded = text + '='.repeat((4 - (text.length % 4)) % 4);
  // It keeps its text: a Slurm job runs it as a file.
  const boot = `import sys;source=sys.stdin.buffer.read(int(sys.argv[1]));exec(compile(source,'ragtui','exec'))`;
  return { command: `${facts.python.command} -c "${boot}" ${input.length} ${padded}`, input };
}

const noPython = (os: string): RagtuiError =>
  new RagtuiError(
    'unavailable',
    `There is no Python 3.6 or later on that host (${os}).`,
    'Install python3 there and run "ragtui hosts check" again.',
  );

/** What the agent says went wrong: the host itself was reached. */
export class AgentFault extends RagtuiError {}

/** One operation of the agent. Errors: those of the agent, `network`, `permission`, `unavailable`. */
export async function askAgent<S extends z.ZodType>(
  host: KnownHost,
  request: { readonly op: string; readonly [key: string]: unknown },
  answer: S,
  options: RemoteOptions = {},
): Promise<z.output<S>> {
  const { command, input } = agentCommand(host, { root: host.facts.root, ...request });
  const extra = Buffer.isBuffer(options.input) ? options.input : Buffer.alloc(0);
  const stdout = await runThere(host.name, command, { ...options, input: Buffer.concat([input, extra]) });
  const last = parseJson(stdout.toString('utf8').trimEnd().split('\n').at(-1) ?? '');
  const failed = errorSchema.safeParse(last);
  if (failed.success) {
    const { code, message } = failed.data.error;
    throw new AgentFault(errorCode(code), `On ${host.name}: ${message}.`, HINTS[code] ?? '');
  }
  const parsed = answer.safeParse(last);
  if (parsed.success) return parsed.data;
  throw new RagtuiError(
    'invalid',
    `${host.name} answered ${request.op} with something else.`,
    'Its shell may print text of its own: keep its startup files silent for commands.',
  );
}

const HINTS: Readonly<Record<string, string>> = {
  'disk-full': 'Free some space there (ragtui hosts clean HOST), then go on.',
  permission: 'Choose a folder of your own there: ragtui hosts add HOST --folder DIR.',
};
