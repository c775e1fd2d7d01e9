import { RagtuiError } from '../../platform/errors.ts';
import { nearNames } from '../../platform/near.ts';
import type { VllmFlag } from '../types.ts';
import { FLAGS_VERSION, SWITCHES, VALUE_FLAGS } from './flag-names.ts';

/** Flags that are not passed through, and what is said instead. */
const OURS: Readonly<Record<string, string>> = {
  host: 'Servers of ours answer on loopback only; to reach one from elsewhere, use an SSH tunnel.',
  port: 'The port is chosen free at the start.',
  uds: 'Servers of ours answer on a port of loopback.',
  'api-key': 'The key is made at the start and given by the environment: arguments are read by other users.',
  'hf-token': 'Arguments are read by other users: set HF_TOKEN.',
  config: 'A file could set the address or the key. Name the flags themselves.',
  model: 'It is the first argument.',
  'served-model-name': 'Use --served-name.',
  'lora-modules': 'Use --adapter.',
  'enable-lora': 'Adapters are taken unless --no-lora is said.',
  'max-loras': 'Use --lora-slots.',
  'max-lora-rank': 'Use --max-lora-rank before "--", without --flag.',
  'max-model-len': 'Use --context.',
  dtype: 'Use --dtype before "--", without --flag.',
  quantization: 'Use --quantization before "--", without --flag.',
  'gpu-memory-utilization': 'Use --gpu-memory.',
  'device-memory-utilization': 'Use --gpu-memory.',
  'kv-cache-memory-bytes': 'Use --kv-gib.',
  'tensor-parallel-size': 'Use --tensor-parallel.',
  'pipeline-parallel-size': 'Use --pipeline-parallel.',
  'data-parallel-size': 'Use --data-parallel.',
  'distributed-executor-backend': 'Use --ray for a Ray cluster; on one machine vLLM chooses.',
  'data-parallel-backend': 'Use --ray.',
  'max-num-seqs': 'Use --max-num-seqs before "--", without --flag.',
  'enable-sleep-mode': 'Use --sleep-mode.',
  'shutdown-timeout': 'Use --drain.',
  runner: 'The kind of the model says it.',
  'disable-access-log-for-endpoints': 'It is set: the log would be full of our own looks at it.',
  middleware: 'It is set: all but /health wants the key.',
  'root-path': 'Its addresses are built without one.',
  'ssl-keyfile': 'Servers of ours speak plain HTTP, on loopback only.',
  'ssl-certfile': 'Servers of ours speak plain HTTP, on loopback only.',
  headless: 'A server without HTTP cannot be looked after.',
  grpc: 'A server without HTTP cannot be looked after.',
  help: 'See the documentation of vLLM.',
};

/**
 * Flags as a person writes them: `name=value` or `name` each (`--flag`), and the words after `--` as vLLM's own command
 * line has them (`--name value`, `--name=value`, `--name`). Errors: `usage`. Pure.
 */
export function parseFlags(named: readonly string[], words: readonly string[] = []): VllmFlag[] {
  const flags = named.map((text): VllmFlag => {
    const at = text.indexOf('=');
    const name = (at < 0 ? text : text.slice(0, at)).replace(/^--/, '');
    return { name: dashed(name), value: at < 0 ? null : text.slice(at + 1) };
  });
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at] ?? '';
    if (!word.startsWith('--')) {
      throw new RagtuiError('usage', `"${word}" belongs to no flag.`, 'Write --name value after "--".');
    }
    const [, name = '', value] = /^--([^=]+)(?:=(.*))?$/s.exec(word) ?? [];
    const next = words[at + 1];
    const takesNext = value === undefined && next !== undefined && !next.startsWith('--');
    flags.push({ name: dashed(name), value: value ?? (takesNext ? next : null) });
    if (takesNext) at += 1;
  }
  return flags;
}

/** Words of a line as a shell cuts them: at spaces, what is in quotes together. Errors: `usage` (a quote that stays open). Pure. */
export function shellWords(line: string): string[] {
  const words: string[] = [];
  let word: string | null = null;
  let quote = '';
  for (let at = 0; at < line.length; at += 1) {
    const letter = line[at] ?? '';
    if (letter === '\\' && quote !== "'" && at + 1 < line.length) {
      at += 1;
      word = (word ?? '') + (line[at] ?? '');
    } else if (quote ? letter === quote : letter === '"' || letter === "'") {
      quote = quote ? '' : letter;
      word ??= '';
    } else if (!quote && /\s/.test(letter)) {
      if (word !== null) words.push(word);
      word = null;
    } else word = (word ?? '') + letter;
  }
  if (quote) throw new RagtuiError('usage', `A quote stays open in: ${line}`, 'Close it, or leave it out.');
  return word === null ? words : [...words, word];
}

const dashed = (name: string): string => name.replaceAll('_', '-');

/**
 * Refuses what a server would stop at half a minute later, and what is ours to say. `version` is the vLLM that is
 * installed: names are compared for the version they were recorded of, and for one that is not known yet. Errors: `usage`.
 */
export function checkFlags(flags: readonly VllmFlag[], version?: string): void {
  for (const { name, value } of flags) {
    const whose = OURS[name] ?? OURS[name.replace(/^no-/, '')];
    if (whose) throw new RagtuiError('usage', `--${name} is not passed on to vLLM.`, whose);
    if (version !== undefined && version !== FLAGS_VERSION) continue;
    const isSwitch = SWITCHES.includes(name) || (name.startsWith('no-') && SWITCHES.includes(name.slice(3)));
    if (!isSwitch && !VALUE_FLAGS.includes(name)) {
      const [near] = nearNames(name, [...VALUE_FLAGS, ...SWITCHES, ...SWITCHES.map((one) => `no-${one}`)]);
      throw new RagtuiError(
        'usage',
        `vLLM ${FLAGS_VERSION} has no flag --${name}.`,
        near ? `Did you mean --${near}?` : 'See the documentation of vLLM for its flags.',
      );
    }
    if (isSwitch && value !== null) {
      throw new RagtuiError('usage', `--${name} takes no value.`, `Write it alone, or --no-${name} to turn it off.`);
    }
    if (!isSwitch && value === null) throw new RagtuiError('usage', `--${name} needs a value.`, `Write ${name}=VALUE.`);
  }
}
