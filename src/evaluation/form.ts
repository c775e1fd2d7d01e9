import { existsSync } from 'node:fs';
import path from 'node:path';
import { markerInstruction, readMarked } from '../datasets/making/markers.ts';
import { type OutputSchema, outputSchema, schemaInstruction } from '../datasets/making/structured.ts';
import { readManifest } from '../datasets/store.ts';
import { languageOf } from '../kb/language.ts';
import { RagtuiError } from '../platform/errors.ts';
import type { WorkspacePaths } from '../platform/paths.ts';
import { readSchemaFile } from '../rag/output-format.ts';
import type { PromptTemplate } from '../rag/prompts.ts';
import type { Column, Message } from '../rag/types.ts';
import type { ExpectedForm } from './metrics/types.ts';
import type { AnswerForm } from './types.ts';

const KEY = /^[A-Z][A-Z0-9_]*$/;

/** What was asked for of the form of answers; null: nothing. */
export interface FormWish {
  /** A file with a JSON Schema, or training rows that were made with one. */
  readonly schema: string | null;
  /** KEY of marks around answers, or training rows that were made with them. */
  readonly marker: string | null;
}

/**
 * The form that all columns are told to answer in: as it was asked for, else the schema of the first column that the server
 * holds to one. Null: none. Errors: `usage`, `not-found`, `invalid` for a schema that cannot be checked.
 */
export function answerForm(paths: WorkspacePaths, wish: FormWish, columns: readonly Column[]): AnswerForm | null {
  const held = columns.flatMap(({ format }) => (format?.type === 'schema' ? [format] : []))[0];
  const schema =
    wish.schema !== null ? schemaOf(paths, wish.schema) : held ? { name: held.name, schema: held.schema } : null;
  if (schema) outputSchema(JSON.stringify(schema.schema));
  const marker = wish.marker === null ? null : markerOf(paths, wish.marker);
  return schema === null && marker === null ? null : { schema, marker };
}

function schemaOf(paths: WorkspacePaths, name: string): NonNullable<AnswerForm['schema']> {
  if (existsSync(name)) return { name: path.basename(name), schema: readSchemaFile(name) };
  const text = madeWith(paths, name, 'schema');
  return { name, schema: JSON.parse(text) };
}

const markerOf = (paths: WorkspacePaths, name: string): string =>
  KEY.test(name) ? name : madeWith(paths, name, 'markers');

/** What training rows were made with stands in their lineage. */
function madeWith(paths: WorkspacePaths, dataset: string, parameter: 'schema' | 'markers'): string {
  const { lineage } = readManifest(paths, dataset);
  const found = lineage.steps.findLast(({ parameters }) => parameters[parameter] !== undefined)?.parameters[parameter];
  if (typeof found === 'string') return found;
  const what = parameter === 'schema' ? 'a JSON Schema' : 'marks';
  throw new RagtuiError(
    'usage',
    `${dataset} is neither a file nor training rows made with ${what}.`,
    parameter === 'schema' ? 'Name a file, or rows of `dataset render --schema`.' : 'Name a KEY in capitals.',
  );
}

/** A prompt that also says in which form to answer, in the words that training rows have. */
export function formedPrompt(template: PromptTemplate, form: AnswerForm | null): PromptTemplate {
  if (!form) return template;
  const schema = form.schema && outputSchema(JSON.stringify(form.schema.schema));
  const tell = (messages: Message[]): Message[] => {
    const user = messages.findLastIndex(({ role }) => role === 'user');
    return messages.map((message, at) => {
      if (at !== user) return message;
      const { language } = languageOf(message.content);
      const more = [
        ...(schema ? [schemaInstruction(schema, language)] : []),
        ...(form.marker === null ? [] : [markerInstruction(form.marker, language)]),
      ];
      return { ...message, content: [message.content.trimEnd(), ...more].filter(Boolean).join('\n\n') };
    });
  };
  return { name: template.name, build: (input) => tell(template.build(input)) };
}

/** Reads answers of a run in the form they were asked for. */
export class FormReader {
  readonly #marker: string | null;
  readonly #schema: OutputSchema | null;

  constructor(form: AnswerForm | null) {
    this.#marker = form?.marker ?? null;
    this.#schema = form?.schema ? outputSchema(JSON.stringify(form.schema.schema)) : null;
  }

  /** The answer itself (what stands between the marks, where both are there), and the whole for metrics of its form. */
  read(output: string | null): { output: string | null; form?: ExpectedForm } {
    if (output === null || (this.#marker === null && this.#schema === null)) return { output };
    const inside = this.#marker === null ? output : (readMarked(this.#marker, output) ?? output);
    return { output: inside, form: { marker: this.#marker, schema: this.#schema, said: output } };
  }
}
