import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { SFT_SYSTEM, sftPrompt } from '../datasets/render.ts';
import { errnoOf, RagtuiError, toRagtuiError } from '../platform/errors.ts';
import type { WorkspacePaths } from '../platform/paths.ts';
import type { Message } from './types.ts';

export interface PromptInput {
  /** Best first. */
  readonly passages: readonly string[];
  readonly question: string;
  /** Earlier questions and answers, oldest first. */
  readonly thread?: readonly Message[];
  /** What the model's own makers put into the system message, if anything. */
  readonly modelSystem?: string;
  /** The system text a tuned model was trained with, where it is known. */
  readonly trainedSystem?: string;
}

/** A way to put passages and a question to an LLM. Pure. */
export interface PromptTemplate {
  readonly name: string;
  build(input: PromptInput): Message[];
}

/** A template as text: `{context}` and `{question}` are filled in. */
export interface TemplateText {
  readonly system: string;
  readonly user: string;
}

const message = (role: Message['role'], content: string): Message => ({ role, content });

/** The prompt of LazyLLM's tutorial, byte for byte (design §7); passages joined by the empty string. */
const TUTORIAL_ROLE =
  'You will act as an AI question-answering assistant and complete a dialogue task.' +
  'In this task, you need to provide your answers based on the given context and questions.';
const tutorial: PromptTemplate = {
  name: 'tutorial',
  build: ({ passages, question, thread = [], modelSystem = '' }) => [
    message(
      'system',
      `${modelSystem}${TUTORIAL_ROLE}\nHere are some extra messages you can referred to:\n\n### context_str:\n${passages.join('')}\n\n\n`,
    ),
    ...thread,
    message('user', question),
  ],
};

const DEFAULT_SYSTEM =
  'You answer questions about the passages you are given. Use only what they say and keep their wording. ' +
  'If they do not contain the answer, say that the passages do not answer it. ' +
  'Be short. Answer in the language of the question.';
const standard: PromptTemplate = {
  name: 'default',
  build: ({ passages, question, thread = [] }) => [
    message('system', DEFAULT_SYSTEM),
    ...thread,
    message('user', `Passages:\n\n${numbered(passages)}\n\nQuestion: ${question}`),
  ],
};

/** The prompt an LLM was fine-tuned with (design §7); passages joined by the empty string, as in `tutorial`. */
const sft: PromptTemplate = {
  name: 'sft',
  build: ({ passages, question, thread = [], trainedSystem = SFT_SYSTEM }) => [
    message('system', trainedSystem),
    ...thread,
    message('user', sftPrompt(passages.join(''), question)),
  ],
};

/** The question as it stands, after the passages if there are any; a system text only where the tune has one. */
const plain: PromptTemplate = {
  name: 'plain',
  build: ({ passages, question, thread = [], trainedSystem }) => [
    ...(trainedSystem === undefined ? [] : [message('system', trainedSystem)]),
    ...thread,
    message('user', [...passages, question].join('\n\n')),
  ],
};

const BUILT_IN: readonly PromptTemplate[] = [standard, tutorial, sft, plain];

/** `PROMPT@TUNE`: the prompt with the system text of a tune, whoever is asked. Pure. */
export function parsePromptName(name: string): { readonly prompt: string; readonly tune?: string } {
  const at = name.indexOf('@');
  return at <= 0 ? { prompt: name } : { prompt: name.slice(0, at), tune: name.slice(at + 1) };
}

const numbered = (passages: readonly string[]): string =>
  passages.length === 0 ? '(none)' : passages.map((passage, index) => `[${index + 1}] ${passage.trim()}`).join('\n\n');

/** A template of the user's own. Errors: `invalid` when `{context}` or `{question}` is missing. */
export function ownTemplate(name: string, text: TemplateText): PromptTemplate {
  const all = `${text.system}\n${text.user}`;
  const missing = ['{context}', '{question}'].filter((slot) => !all.includes(slot));
  if (missing.length > 0) {
    throw new RagtuiError(
      'invalid',
      `The prompt "${name}" has no ${missing.join(' and no ')}.`,
      'Write it where it belongs.',
    );
  }
  if (!text.user.trim())
    throw new RagtuiError('invalid', `The prompt "${name}" has no user part.`, 'Write at least {question}.');
  return {
    name,
    build: ({ passages, question, thread = [] }) => {
      const values = { context: numbered(passages), question };
      return [
        ...(text.system.trim() ? [message('system', fill(text.system, values))] : []),
        ...thread,
        message('user', fill(text.user, values)),
      ];
    },
  };
}

/** All slots in one pass, so that a passage that says `{question}` stays what it is. */
function fill(template: string, values: { context: string; question: string }): string {
  return template.replace(/\{(context|question)\}/g, (_, slot) =>
    slot === 'context' ? values.context : values.question,
  );
}

/** Names of all prompts there are, the built-in ones first. */
export function listPrompts(paths: WorkspacePaths, own: Readonly<Record<string, TemplateText>> = {}): string[] {
  return [...new Set([...BUILT_IN.map(({ name }) => name), ...Object.keys(own), ...promptFiles(paths).keys()])];
}

/**
 * A prompt by name: built in, from the settings (`[prompts.NAME]`), or a file `prompts/NAME.txt` beside them, in which
 * a line `---` parts the system text from the user text. Errors: `not-found`, `invalid`.
 */
export function findPrompt(
  paths: WorkspacePaths,
  name: string,
  own: Readonly<Record<string, TemplateText>> = {},
): PromptTemplate {
  const found = knownPrompt(paths, name, own) ?? knownPrompt(paths, parsePromptName(name).prompt, own);
  if (found) return found;
  throw new RagtuiError(
    'not-found',
    `There is no prompt "${name}".`,
    `There are: ${listPrompts(paths, own).join(', ')}.`,
  );
}

function knownPrompt(
  paths: WorkspacePaths,
  name: string,
  own: Readonly<Record<string, TemplateText>>,
): PromptTemplate | undefined {
  const builtIn = BUILT_IN.find((template) => template.name === name);
  if (builtIn) return builtIn;
  const text = Object.hasOwn(own, name) ? own[name] : undefined;
  if (text) return ownTemplate(name, text);
  const file = promptFiles(paths).get(name);
  return file ? ownTemplate(name, parseTemplate(readTemplate(file))) : undefined;
}

/** `system` above a line of three dashes, `user` below; without that line all is `user`. */
export function parseTemplate(text: string): TemplateText {
  const parts = text.replace(/\r\n?/g, '\n').split(/^---[ \t]*\n/m);
  const [first = '', ...rest] = parts;
  return rest.length === 0
    ? { system: '', user: first.trim() }
    : { system: first.trim(), user: rest.join('---\n').trim() };
}

/** Prompt files by name. Names come from the folder, never paths from names. */
function promptFiles(paths: WorkspacePaths): ReadonlyMap<string, string> {
  const folder = path.join(path.dirname(paths.configFile), 'prompts');
  try {
    const names = readdirSync(folder).filter((file) => file.endsWith('.txt'));
    return new Map(names.sort().map((file) => [file.slice(0, -4), path.join(folder, file)]));
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return new Map();
    throw toRagtuiError(error);
  }
}

function readTemplate(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw toRagtuiError(error);
  }
}
