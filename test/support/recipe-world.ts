import type { JobReport } from '../../src/jobs/worker.ts';
import type { WorkspacePaths } from '../../src/platform/paths.ts';
import type { World } from '../../src/recipes/steps/types.ts';
import type { StepStatus } from '../../src/recipes/types.ts';

/** Where a recipe is done that needs no kb service. */
export const recipeWorld = (paths: WorkspacePaths, signal = new AbortController().signal): World => ({
  paths,
  folders: [],
  signal,
  withKb: () => Promise.reject(new Error('there is no kb service here')),
});

/** What nobody listens to. */
export const SILENT: JobReport = { progress() {}, log() {}, metric() {}, artifact() {}, error() {}, ready() {} };

/** A training that waits, with what is changed of it. */
export const stepStatus = (id: string, change: Partial<StepStatus>): StepStatus => ({
  id,
  kind: 'train',
  name: id,
  title: id,
  state: 'waiting',
  detail: '',
  key: null,
  job: null,
  seconds: null,
  expected: null,
  progress: null,
  variants: [],
  after: [],
  ...change,
});
