import os from 'node:os';
import { programVersion } from '../../datasets/program-version.ts';
import { clock } from '../output.ts';
import { NAMES } from './names.ts';
import { type LoopState, SIZES } from './types.ts';

/** What a whole loop may take on two cores, installs not counted. */
const LIMIT_SECONDS = 45 * 60;

export interface LoopTotal {
  readonly ok: boolean;
  readonly seconds: number;
  readonly withinLimit: boolean;
}

/** Whether all went right, and how long the steps took without what is installed. Pure. */
export function loopTotal({ steps }: LoopState, names: readonly string[]): LoopTotal {
  const done = new Set(steps.filter(({ ok }) => ok).map(({ name }) => name));
  const seconds = steps.reduce((sum, step) => sum + step.seconds - step.notCounted, 0);
  return { ok: names.every((name) => done.has(name)), seconds, withinLimit: seconds <= LIMIT_SECONDS };
}

/** The report as Markdown. `home` never appears in it. */
export function loopReport(state: LoopState, total: LoopTotal, home: string): string {
  const { steps, size, startedAt, load, sessions } = state;
  const sizes = SIZES[size];
  const [cpu] = os.cpus();
  const verdicts = steps.flatMap((step) => step.verdicts.map((sentence) => `- ${sentence}`));
  const lines = [
    `# The loop: from base to tuned to a verdict (${startedAt.slice(0, 10)}${size === 'quick' ? ', quick' : ''})`,
    '',
    `Made by \`ragtui demo --loop${size === 'quick' ? ' --quick' : ''}\`, without a key press${sessions > 1 ? `, in ${sessions} sessions` : ''}. ${total.ok ? 'Every step passed its check.' : '**Not every step passed its check.**'} ${clock(total.seconds)} in all, installs not counted (limit ${clock(LIMIT_SECONDS)}: ${total.withinLimit ? 'kept' : '**not kept**'}).`,
    '',
    `- begun ${startedAt}, ended ${steps.at(-1)?.endedAt ?? '–'}`,
    `- ragtui ${programVersion()}, Node ${process.version}, ${os.type()} ${os.release()}`,
    `- ${cpu?.model.trim() ?? os.arch()}, ${os.availableParallelism()} cores, ${(os.totalmem() / 2 ** 30).toFixed(0)} GiB memory; load average ${load.toFixed(1)} at the start, ${(os.loadavg()[0] ?? 0).toFixed(1)} at the end (the loop alone makes about 2)`,
    `- sizes: ${sizes.testRows} rows held out by context, ${sizes.llmRows} rows for ${NAMES.adapter} (LoRA on ${NAMES.llm}), ${sizes.embedderRows} rows for ${NAMES.tunedEmbedder}, ${sizes.items} questions evaluated, answers up to ${sizes.maxTokens} tokens`,
    '',
    '## Verdicts',
    '',
    ...(verdicts.length > 0 ? verdicts : ['None: the evaluation was not reached.']),
    '',
    '## Steps',
    '',
    '| step | time | ok | what it did |',
    '| --- | --- | --- | --- |',
    ...steps.map(
      ({ name, seconds, notCounted, ok, detail, attempts }) =>
        `| ${name} | ${clock(seconds - notCounted)}${notCounted > 0 ? ` (+ ${clock(notCounted)} installing)` : ''} | ${ok ? 'yes' : '**no**'} | ${detail.replaceAll('|', '\\|')}${attempts > 1 ? ` (attempt ${attempts})` : ''} |`,
    ),
    '',
    '## What was typed',
    '',
    '```',
    ...steps.map(({ command }) => `ragtui ${command}`),
    '```',
    '',
    '## Details',
    '',
    ...steps.flatMap(({ name, markdown }) => [
      ...(name === 'engines' && markdown.length > 0 ? ['### Engines', ''] : []),
      ...markdown,
      ...(markdown.length > 0 ? [''] : []),
    ]),
  ];
  return `${lines.join('\n').trimEnd()}\n`.replaceAll(home, 'WORKSPACE');
}
