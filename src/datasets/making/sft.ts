import { languageOf } from '../../kb/language.ts';
import { RagtuiError } from '../../platform/errors.ts';
import { throwIfAborted } from '../../platform/files.ts';
import type { WorkspacePaths } from '../../platform/paths.ts';
import type { PromptTemplate } from '../../rag/prompts.ts';
import { openDataset } from '../open.ts';
import { SFT_SYSTEM } from '../render.ts';
import { type AlpacaRow, isComplete, type QaRow, type SftRow } from '../types.ts';
import { markerInstruction, wrap } from './markers.ts';
import { PhaseProgress } from './progress.ts';
import { RowsToPublish, sourceOf } from './publish.ts';
import type { MakingContext } from './run.ts';
import { type OutputSchema, outputSchema, schemaInstruction } from './structured.ts';
import { REJECTED_FILE } from './synthesize.ts';
import { templateOf } from './template.ts';
import type { Made, MakingOf } from './types.ts';
import { NO_USAGE } from './usage.ts';

type Work = MakingOf<'sft'>;
type Form = Pick<Work, 'template' | 'markers' | 'schema'>;

/** Makes a training row, or says why there is none. */
export type SftMaker = (row: QaRow | SftRow) => { readonly row: SftRow } | { readonly why: string };

/** How rows become training rows with this template, marks and schema. Errors: those of the template and the schema. */
export function sftMaker(paths: WorkspacePaths, { template, markers, schema }: Form): SftMaker {
  const prompt = templateOf(paths, template);
  const checked = schema === null ? null : outputSchema(schema);
  return (row) => {
    const made = 'form' in row ? row : fromQa(row, prompt);
    return made ? formed(made, markers, checked) : { why: 'it is incomplete' };
  };
}

/** The template as one alpaca row: its system text, its last user message, the first answer. */
function fromQa(row: QaRow, prompt: PromptTemplate): AlpacaRow | undefined {
  const [output] = row.answers;
  if (output === undefined || !isComplete(row)) return undefined;
  const messages = prompt.build({ passages: [row.context], question: row.question });
  const system = messages.find(({ role }) => role === 'system')?.content;
  const instruction = messages.findLast(({ role }) => role === 'user')?.content ?? '';
  return {
    form: 'alpaca',
    id: row.id,
    ...(system === undefined ? {} : { system }),
    history: [],
    instruction,
    input: '',
    output,
  };
}

function formed(row: SftRow, markers: string | null, schema: OutputSchema | null): ReturnType<SftMaker> {
  const output = outputOf(row);
  if (output.trim() === '') return { why: 'it has no output' };
  const checked = schema?.check(output) ?? { ok: true, output };
  if (!checked.ok) return { why: checked.why };
  const language = languageOf(inputOf(row)).language;
  const more = [
    ...(schema ? [schemaInstruction(schema, language)] : []),
    ...(markers === null ? [] : [markerInstruction(markers, language)]),
  ];
  return { row: withOutput(row, markers === null ? checked.output : wrap(markers, checked.output), more) };
}

const outputOf = (row: SftRow): string =>
  row.form === 'alpaca'
    ? row.output
    : row.messages.at(-1)?.role === 'assistant'
      ? (row.messages.at(-1)?.content ?? '')
      : '';

const inputOf = (row: SftRow): string =>
  row.form === 'alpaca'
    ? `${row.instruction}\n${row.input}`
    : (row.messages.findLast(({ role }) => role === 'user')?.content ?? '');

/** What is added stands at the end of the instruction, before the input that it is about. */
function withOutput(row: SftRow, output: string, more: readonly string[]): SftRow {
  const add = (text: string) => (more.length === 0 ? text : [text.trimEnd(), ...more].filter(Boolean).join('\n\n'));
  if (row.form === 'alpaca') return { ...row, instruction: add(row.instruction), output };
  const user = row.messages.findLastIndex(({ role }) => role === 'user');
  const messages = row.messages.map((message, at) => ({
    ...message,
    content: at === user ? add(message.content) : at === row.messages.length - 1 ? output : message.content,
  }));
  return { ...row, messages };
}

/** The body of a `make-data` job that renders rows to train an LLM on. */
export async function makeSft({ paths, report, signal }: MakingContext, work: Work): Promise<Made> {
  const dataset = openDataset(paths, work.dataset, { version: work.version });
  if (dataset.kind !== 'qa' && dataset.kind !== 'sft') {
    throw new RagtuiError('unsupported', `Rows of kind ${dataset.kind} are no prompts.`, 'Take a qa or sft dataset.');
  }
  const make = sftMaker(paths, work);
  const { as, part, template, markers, schema } = work;
  const step = {
    name: 'sft',
    parameters: {
      part,
      template: template.name,
      ...(template.text ? { system: template.text.system, user: template.text.user } : {}),
      ...(markers === null ? {} : { markers }),
      ...(schema === null ? {} : { schema }),
    },
  };
  const out = new RowsToPublish(paths, { as, kind: 'sft', ...sourceOf(dataset.manifest), step, signal });
  const progress = new PhaseProgress(report);
  const rejected: object[] = [];
  let withoutSystem = 0;
  try {
    const total = dataset.count(part);
    progress.begin('rendering', total, 'rows');
    let done = 0;
    for await (const row of dataset.rows(part)) {
      const made = make(row);
      if ('why' in made) rejected.push({ id: row.id, why: made.why });
      else {
        if (made.row.form === 'alpaca' && made.row.system === undefined) withoutSystem += 1;
        out.add(made.row);
      }
      done += 1;
      if (done % 1000 === 0) {
        progress.advance(done, total, { 'left out': rejected.length });
        throwIfAborted(signal);
      }
    }
    const { manifest, added } = await out.publish({ [REJECTED_FILE]: rejected }, 'no row could be rendered.');
    return {
      dataset: manifest.name,
      version: manifest.version,
      kind: manifest.kind,
      rows: manifest.rows,
      added,
      counts: { 'left out': rejected.length },
      notes:
        withoutSystem > 0
          ? [
              `${withoutSystem} rows have no system text; exports write "${SFT_SYSTEM}". A prompt with a system text of its own is the same in training and serving.`,
            ]
          : [],
      usage: NO_USAGE,
      cost: null,
    };
  } finally {
    out.discard();
  }
}
