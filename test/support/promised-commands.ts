/**
 * The commands and options that scripts may count on: the table of the design, in our own words. `notYet` belongs to
 * later issues: whoever builds one takes it off the list (a test insists).
 */
export interface Promised {
  readonly command: string;
  readonly options?: readonly string[];
  readonly notYet?: readonly string[];
}

const SEARCHING = ['--kb', '--group', '--embedder', '--mode', '--top-k', '--instruction'];
const STARTING = ['--dry-run', '--wait'];

/** Of every command. */
export const GLOBAL_OPTIONS = ['--home', '--json', '--quiet', '--no-color', '--version'];

export const PROMISED: readonly Promised[] = [
  { command: 'models list' },
  { command: 'models pull' },
  { command: 'models verify' },
  { command: 'models remove' },
  { command: 'models add', options: ['--url', '--model', '--kind', '--key-env', '--path', '--base', '--system'] },
  { command: 'models export', options: ['--to', '--format', '--dtype'] },
  { command: 'kb create', options: ['--from-dataset', '--split'] },
  { command: 'kb list' },
  { command: 'kb show' },
  { command: 'kb delete', options: ['--yes'] },
  { command: 'kb verify' },
  { command: 'kb reindex' },
  { command: 'kb documents' },
  { command: 'kb remove' },
  { command: 'kb switch', options: ['--embedder'] },
  { command: 'kb rollback' },
  { command: 'ingest', options: ['--kb', '--group', '--embedder', '--watch', '--prune', '--no-pull'] },
  { command: 'search', options: [...SEARCHING, '--no-pull'] },
  { command: 'ask', options: [...SEARCHING, '--llm', '--prompt', '--no-pull'] },
  { command: 'compare', options: ['--kb', '--column', '--stream', '--no-pull'] },
  { command: 'compare history' },
  { command: 'compare show' },
  { command: 'compare votes' },
  { command: 'recipe run', options: [...STARTING, '--name', '--var'] },
  { command: 'recipe check', options: ['--var'] },
  { command: 'recipe list' },
  { command: 'recipe show' },
  { command: 'recipe pause' },
  { command: 'recipe continue' },
  { command: 'recipe resume', options: ['--wait'] },
  { command: 'recipe stop' },
  { command: 'dataset import', options: ['--format', '--name'] },
  { command: 'dataset list' },
  { command: 'dataset show' },
  { command: 'dataset diff' },
  { command: 'dataset check' },
  { command: 'dataset fix' },
  { command: 'dataset split' },
  { command: 'dataset negatives' },
  { command: 'dataset augment' },
  { command: 'dataset render' },
  { command: 'dataset synthesize', options: [...STARTING, '--name'] },
  { command: 'dataset export' },
  { command: 'engines list' },
  { command: 'engines install', options: ['--python'] },
  { command: 'engines check' },
  { command: 'engines remove' },
  ...['train llm', 'train embedder'].map((command) => ({
    command,
    options: ['--dataset', '--base', '--preset', '--set', '--name', '--measure', '--allow-oversize', ...STARTING],
    notYet: ['--launcher'],
  })),
  { command: 'deploy start', options: ['--engine', '--adapter', ...STARTING] },
  { command: 'deploy compare', options: ['--engine'] },
  { command: 'deploy bench', options: ['--concurrency', '--against', '--list'] },
  { command: 'deploy list' },
  { command: 'deploy stop' },
  { command: 'deploy load-adapter', options: ['--engine', '--strict'] },
  { command: 'deploy unload-adapter' },
  { command: 'deploy rollback', options: ['--to', '--forward'] },
  { command: 'deploy make-room', options: ['--dry-run', '--yes'] },
  { command: 'deploy wake' },
  { command: 'jobs list', options: ['--state', '--kind', '--tag'] },
  { command: 'jobs show', options: ['--ran'] },
  { command: 'jobs logs', options: ['--follow', '--stdout', '--stderr'] },
  { command: 'jobs metrics', options: ['--csv', '--svg', '--png'] },
  { command: 'jobs stop' },
  { command: 'jobs start-now' },
  { command: 'jobs resume' },
  { command: 'jobs retry', options: ['--next-rung'] },
  { command: 'jobs clone', options: ['--set'] },
  { command: 'jobs note' },
  { command: 'jobs tag' },
  { command: 'jobs delete', options: ['--artifacts', '--yes'] },
  { command: 'eval run', options: ['--dataset', '--split', '--kb', '--column', '--metrics', '--concurrency'] },
  { command: 'eval matrix', options: ['--dataset', '--split', '--kb', '--llm', '--embedder', '--context', '--set'] },
  { command: 'eval resume' },
  { command: 'eval list' },
  { command: 'eval show' },
  { command: 'eval diff' },
  { command: 'eval report', options: ['--format'] },
  { command: 'eval pause' },
  { command: 'eval continue' },
  { command: 'eval retry' },
  { command: 'eval concurrency' },
  { command: 'eval replay' },
  { command: 'eval agreement', options: ['--sample'] },
  { command: 'eval blame', options: ['--metric', '--below'] },
  { command: 'eval metrics' },
  { command: 'eval forgetting', options: ['--column'] },
  { command: 'eval gate', options: ['--metric', '--min', '--max', '--baseline'] },
  { command: 'backup' },
  { command: 'restore', options: ['--yes'] },
  { command: 'gc', options: ['--dry-run', '--yes'] },
  { command: 'doctor' },
  { command: 'config show' },
  { command: 'config path' },
];

/** Whole commands of later issues. */
export const COMMANDS_NOT_YET = ['tour'];

/** Settings of a column (`compare --column name=…,llm=…`). */
export const COLUMN_SETTINGS: Readonly<Record<string, string>> = {
  llm: 'none',
  embedder: 'bge',
  group: 'line',
  mode: 'hybrid',
  'top-k': '3',
  reranker: 'none',
  instruction: 'off',
  context: 'gold',
  prompt: 'tutorial',
  temperature: '0.5',
  seed: '7',
  'max-tokens': '64',
};
