import type { App } from '../support/pty.ts';
import { MADE_UP } from './hosts.ts';
import { COMPARED, QUESTIONS, RECIPE, TUNE } from './world.ts';

/** One picture: how to get there, by keys. */
export interface Scene {
  readonly name: string;
  /** What a reader who cannot see it is told. */
  readonly title: string;
  readonly language?: 'en' | 'zh';
  readonly columns?: number;
  readonly rows?: number;
  /** Only where a model could be tuned. */
  readonly needsTune?: boolean;
  readonly play: (app: App) => Promise<void>;
}

const MINUTES = 60_000;

/** The figures of a run are computed beside the screen. */
const FIGURES = /token-f1.*\[/;

/** Keys, each when the one before it has been acted upon. */
async function press(app: App, ...keys: string[]): Promise<void> {
  for (const key of keys) {
    app.press(key);
    await app.waitIdle();
  }
}

async function open(app: App, key: string, seen: string | RegExp): Promise<void> {
  await press(app, key);
  await app.waitFor(seen, MINUTES);
  await app.waitIdle();
}

/** The figures of the run with the sample questions; the recipe's stands above it. */
async function openRun(app: App): Promise<void> {
  await open(app, '0', 'alone · with-documents');
  await press(app, 'down', 'enter');
  await app.waitFor(FIGURES, MINUTES);
}

export const scenes: readonly Scene[] = [
  {
    name: 'home',
    title: 'Home: what to do next, and what is here',
    rows: 22,
    play: (app) => app.waitFor(/Disk +\d/),
  },
  {
    name: 'knowledge',
    title: 'Knowledge: how a document was cut, each chunk in its text',
    rows: 28,
    async play(app) {
      await open(app, '2', 'telescopes.md');
      await press(app, 'enter', ...Array(8).fill('down'), 'enter');
      await app.waitFor('characters 0–339', MINUTES);
      await press(app, 'down');
    },
  },
  {
    name: 'knowledge-zh',
    title: '知识库：文档怎样切分，每一块都在原文里',
    language: 'zh',
    rows: 28,
    async play(app) {
      await open(app, '2', 'tea-garden');
      await press(app, 'down', 'down');
      await app.waitFor('制茶工艺.md', MINUTES);
      await press(app, 'enter', 'enter');
    },
  },
  {
    name: 'ask',
    title: 'Ask: an answer, its speed, and the passages it was made from',
    rows: 28,
    async play(app) {
      await open(app, '3', 'Question');
      app.type('How large is the mirror of the Renn reflector?');
      app.press('enter');
      await app.waitFor(/answer \d+ tokens/, 3 * MINUTES);
      await app.waitFor('total', 3 * MINUTES);
      await app.waitIdle(MINUTES);
      await press(app, 'tab', 'tab');
    },
  },
  {
    name: 'compare',
    title: 'Compare: one question to several columns, with speeds and passages',
    rows: 30,
    columns: 140,
    async play(app) {
      await open(app, '7', 'Question');
      await press(app, 'esc', 'H');
      await app.waitFor(COMPARED, MINUTES);
      await press(app, 'enter');
      await app.waitFor(/tokens\/s|tok\/s/, MINUTES);
    },
  },
  {
    name: 'datasets',
    title: 'Datasets: rows, versions and where they come from',
    rows: 28,
    async play(app) {
      await open(app, '8', QUESTIONS);
      await app.waitFor(/How high above/, MINUTES);
      await press(app, 'enter', 'enter');
    },
  },
  {
    name: 'train',
    title: 'Train: curves of a training, what it used, its checkpoints and its log',
    needsTune: true,
    async play(app) {
      await open(app, '9', TUNE);
      await press(app, 'enter');
      await app.waitFor(/loss/, MINUTES);
    },
  },
  {
    name: 'evaluate',
    title: 'Evaluate: the scores of a run with their intervals, beside rows that need no model',
    rows: 36,
    columns: 130,
    async play(app) {
      await openRun(app);
    },
  },
  {
    name: 'evaluate-verdict',
    title: 'Evaluate: the verdict, with its intervals drawn',
    rows: 36,
    columns: 130,
    async play(app) {
      await openRun(app);
      await press(app, 'v');
      await app.waitFor(/better|worse|annot tell/, MINUTES);
    },
  },
  {
    name: 'evaluate-verdict-zh',
    title: '评测：结论与画出来的置信区间',
    language: 'zh',
    rows: 36,
    columns: 130,
    async play(app) {
      await openRun(app);
      await press(app, 'v');
      await app.waitFor(/token-f1/, MINUTES);
    },
  },
  {
    name: 'deploy',
    title: 'Deploy: servers of this machine, what they do now, and one question to try',
    rows: 30,
    async play(app) {
      await open(app, '-', 'running');
      await app.waitFor((screen) => !screen.some((row) => row.includes('looking')), MINUTES);
      await press(app, 'c', 'ctrl+u');
      app.type('What is an observatory?');
      app.press('enter');
      await app.waitFor(/ tok\/s/, 3 * MINUTES);
      await app.waitIdle(MINUTES);
    },
  },
  {
    name: 'recipes',
    title: 'Recipes: from data to a verdict in one go, step by step',
    rows: 26,
    async play(app) {
      await open(app, '=', RECIPE);
      await app.waitFor('passed', MINUTES);
    },
  },
  {
    name: 'fleet',
    title: 'Fleet: this machine and its hosts, who has which GPU, and how old that knowledge is',
    rows: 20,
    columns: 140,
    async play(app) {
      await open(app, ',', MADE_UP.gpus);
      await app.waitFor(/this machine +reached/, MINUTES);
      await app.waitFor(new RegExp(`${MADE_UP.gpus} +reached +\\ds`), MINUTES);
      await app.waitFor(new RegExp(`${MADE_UP.away} +unreachable`), MINUTES);
      await press(app, 'down', 's');
      await app.waitFor('NVIDIA L40S', MINUTES);
    },
  },
  {
    name: 'jobs',
    title: 'Jobs: work that goes on by itself, and what it says',
    rows: 26,
    async play(app) {
      await open(app, '5', 'evaluate');
      await press(app, 'end', 'up', 'up');
      await app.waitFor('succeeded', MINUTES);
    },
  },
];
