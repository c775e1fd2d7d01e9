import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { installedEngine } from '../../src/engines/store.ts';
import { DEFAULT_CHAT_MODEL, DEFAULT_EMBEDDERS } from '../../src/models/catalogue.ts';
import { fixturesDir, packageRoot } from '../../src/platform/entry.ts';
import { ensureWorkspace, type WorkspacePaths } from '../../src/platform/paths.ts';
import { ensureModels, modelsCache, pathsWithModels } from '../support/models.ts';
import { loadPath } from '../unit/loaders/helpers.ts';
import { MADE_UP, standInSsh } from './hosts.ts';

/**
 * A workspace in which the pictured things happened, on the sample documents and with the models that come along. Only
 * its hosts are made up: a stand-in for ssh answers for them.
 */
export interface World {
  readonly paths: WorkspacePaths;
  readonly env: Readonly<Record<string, string>>;
  /** Whether LLaMA-Factory is here: then a model was tuned, and stands beside its base. */
  readonly tuned: boolean;
}

export const KB = { en: 'observatory', zh: 'tea-garden' } as const;
export const QUESTIONS = 'observatory-questions';
export const TUNE = 'observatory-sft';
export const RECIPE = 'observatory-search';
/** The tune has not seen it. */
export const COMPARED = 'At what wind speed do the domes stay shut?';
const TRAINED = 'observatory-train';
type Language = keyof typeof KB;

const questionSchema = z.object({
  language: z.enum(['en', 'zh']),
  question: z.string(),
  answer: z.string(),
  document: z.string(),
  span: z.object({ start: z.number() }),
});

/** Makes what is missing; a second call on the same folder only finds it. */
export async function makeWorld(home: string, say: (line: string) => void): Promise<World> {
  await ensureModels([...Object.values(DEFAULT_EMBEDDERS), DEFAULT_CHAT_MODEL]);
  const paths = pathsWithModels(home);
  ensureWorkspace(paths);
  const config = path.join(home, 'config');
  mkdirSync(config, { recursive: true });
  writeFileSync(path.join(config, 'config.toml'), `[defaults]\nkb = "${KB.en}"\nllm = "${DEFAULT_CHAT_MODEL}"\n`);
  const ssh = standInSsh(home);
  const env = {
    PATH: `${ssh.folder}${path.delimiter}${process.env['PATH'] ?? ''}`,
    RAGTUI_HOME: home,
    RAGTUI_CONFIG_HOME: config,
    RAGTUI_MODELS_CACHE: modelsCache(),
  };
  const tuned = hasEngine(paths);
  const ready = path.join(home, 'world-is-ready');
  if (!existsSync(ready)) {
    for (const step of await steps(home, tuned)) {
      say(`ragtui ${step.join(' ')}`);
      run(step, env);
    }
    writeFileSync(ready, '');
  }
  if (!existsSync(path.join(home, 'hosts.json'))) {
    for (const host of Object.values(MADE_UP)) run(['hosts', 'add', host], env);
    run(['fleet'], env);
    ssh.lose(MADE_UP.away);
  }
  run(['deploy', 'start', tuned ? TUNE : DEFAULT_CHAT_MODEL, '--engine', 'llama', '--wait'], env);
  return { paths, env, tuned };
}

async function steps(home: string, tuned: boolean): Promise<string[][]> {
  const column = (name: string, llm: string, context: string, most: number) =>
    `name=${name},llm=${llm},context=${context},max-tokens=${most}`;
  const pair = (most: number) =>
    [
      column('alone', DEFAULT_CHAT_MODEL, 'none', most),
      column('with-documents', DEFAULT_CHAT_MODEL, 'retrieved', most),
    ].flatMap((text) => ['--column', text]);
  const training = ['train', 'llm', '--dataset', TRAINED, '--split', 'all', '--base', DEFAULT_CHAT_MODEL];
  return [
    ...(['en', 'zh'] as const).map((language) => [
      'ingest',
      path.join(fixturesDir(), 'sample-kb', language),
      '--kb',
      KB[language],
    ]),
    ['dataset', 'import', await questionTable(home, 'en'), '--name', QUESTIONS, '--map', MAP],
    ['dataset', 'import', await questionTable(home, 'zh'), '--name', 'tea-questions', '--map', MAP],
    ...(tuned
      ? [
          ['dataset', 'import', await questionTable(home, 'en', COMPARED), '--name', TRAINED, '--map', MAP],
          [...training, '--name', TUNE, '--preset', 'cpu', '--set', 'num_train_epochs=6', '--wait'],
        ]
      : []),
    [...['eval', 'run', '--dataset', QUESTIONS, '--split', 'all', '--kb', KB.en, '--wait'], ...pair(48)],
    [
      ...['compare', COMPARED, '--kb', KB.en],
      ...pair(80),
      ...(tuned ? ['--column', column('tuned', TUNE, 'retrieved', 80)] : []),
    ],
    ['recipe', 'run', await searchRecipe(home), '--wait'],
  ];
}

/** A recipe of this workspace, on the sample questions: its file's name. */
async function searchRecipe(home: string): Promise<string> {
  const folder = path.join(home, 'recipes');
  mkdirSync(folder, { recursive: true });
  const text = `recipe: 1
name: ${RECIPE}
about: Words or vectors? Two ways to search, on the sample questions.
datasets:
  questions:
    import: { file: ${await questionTable(home, 'en')}, map: { question: question, answers: answer, context: context } }
kbs:
  passages: { dataset: questions, part: all, groups: [line], embedders: [${DEFAULT_EMBEDDERS.en}] }
columns:
  words: { mode: bm25, top-k: 3 }
  vectors: { mode: vector, top-k: 3 }
evaluate:
  search: { dataset: questions, part: all, kb: passages, columns: [words, vectors], metrics: [mrr@10, hit@1] }
gates:
  - { evaluation: search, column: vectors, metric: mrr@10, min: 50 }
`;
  writeFileSync(path.join(folder, `${RECIPE}.yaml`), text);
  return RECIPE;
}

const MAP = 'question=question,answers=answer,context=context';

/** The sample questions of a language, without one of them, with the paragraph that answers each. */
async function questionTable(home: string, language: Language, without = ''): Promise<string> {
  const questions = z
    .array(questionSchema)
    .parse(JSON.parse(readFileSync(path.join(fixturesDir(), 'questions.json'), 'utf8')));
  const rows = [];
  for (const { document, question, answer, span } of questions.filter(
    (row) => row.language === language && row.question !== without,
  )) {
    const [file = '', key] = document.split('#');
    const parts = await loadPath(path.join(fixturesDir(), 'sample-kb', file));
    const text = parts.find((part) => key === undefined || part.key === key)?.text ?? '';
    rows.push({ question, answer, context: paragraphAt(text, span.start) });
  }
  const table = path.join(home, `questions-${language}${without === '' ? '' : '-train'}.json`);
  writeFileSync(table, JSON.stringify(rows));
  return table;
}

function paragraphAt(text: string, offset: number): string {
  const start = text.lastIndexOf('\n\n', offset) + 1;
  const end = text.indexOf('\n\n', offset);
  return text.slice(start, end < 0 ? undefined : end).trim();
}

function hasEngine(paths: WorkspacePaths): boolean {
  try {
    installedEngine(paths, 'llamafactory');
    return true;
  } catch {
    return false;
  }
}

function run(args: readonly string[], env: World['env']): void {
  const program = path.join(packageRoot(), 'bin', 'ragtui.js');
  const { status, stderr } = spawnSync(process.execPath, [program, ...args], {
    env: { ...process.env, ...env, NO_COLOR: '1' },
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`ragtui ${args.join(' ')}: exit ${status}: ${stderr}`);
}
