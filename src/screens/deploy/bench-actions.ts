import { isOver } from '../../jobs/types.ts';
import type { Action } from '../../keys/types.ts';
import { LOAD_TEST_USUAL, type LoadTest } from '../../serving/load-test/types.ts';
import { t } from '../../ui/i18n/index.ts';
import type { DeployModel } from './model.ts';
import { chatTargetOf, type DeployRow, isChat, nameOf } from './rows.ts';

const runningTest = ({ context }: DeployModel) =>
  (context.jobs.getState().list ?? []).find(({ spec, state }) => spec.work.kind === 'load-test' && !isOver(state));

/** `1,2,4,8` as levels; undefined for what is none. Pure. */
export function levelsOf(text: string): number[] | undefined {
  const levels = text
    .split(/[,，\s]+/)
    .filter((part) => part !== '')
    .map(Number);
  const fine = levels.length > 0 && levels.every((level) => Number.isInteger(level) && level >= 1 && level <= 1024);
  return fine ? levels : undefined;
}

/** What the test asks: on a server of ours the name with its engine, since both may serve the same one. */
const targetOf = (row: DeployRow): LoadTest['target'] => ({
  kind: 'name',
  name: row.kind === 'foreign' ? row.endpoint.name : `${nameOf(row)}@${row.server.work.engine}`,
});

/** Of the whole screen. */
export const benchAction: Action<DeployModel> = {
  id: 'deploy.bench.start',
  title: 'Load test',
  help: 'Asks the model under the cursor with more and more requests at a time; what it measures is kept and compared.',
  keys: ['t'],
  rank: 7,
  command: 'ragtui deploy bench NAME --concurrency 1,2,4,8',
  when: (model) => {
    const row = model.rows.selected();
    if (!row) return t('deploy.why.none');
    if (!isChat(row)) return t('deploy.why.noChat');
    if (row.kind === 'foreign' && row.hosted) return t('deploy.why.hosted');
    if (!chatTargetOf(row)) return t('deploy.why.notRunning');
    return runningTest(model) ? t('deploy.why.testing') : true;
  },
  run: ({ context, rows }) => {
    const row = rows.selected();
    if (!row) return;
    const { deploy, ui } = context;
    ui.getState().prompt({
      title: t('deploy.bench.title', { name: nameOf(row) }),
      text: t('deploy.bench.help', { prompt: LOAD_TEST_USUAL.promptTokens, answer: LOAD_TEST_USUAL.maxTokens }),
      initial: LOAD_TEST_USUAL.concurrency.join(','),
      submit: async (text) => {
        const concurrency = levelsOf(text);
        if (!concurrency) {
          ui.getState().toast(t('deploy.bench.badLevels', { text }), 'warn');
          return;
        }
        ui.getState().setFocus('bench', 'deploy');
        await deploy.getState().loadTest({ target: targetOf(row), ...LOAD_TEST_USUAL, concurrency });
      },
    });
  },
};

/** Of its pane. */
export const benchActions: readonly Action<DeployModel>[] = [
  {
    id: 'deploy.bench.stop',
    title: 'Stop test',
    help: 'Ends the load test; the levels that are measured stay.',
    keys: ['X'],
    rank: 1,
    command: 'ragtui jobs stop ID',
    when: (model) => (runningTest(model) ? true : t('deploy.why.noTest')),
    run: (model) => {
      const job = runningTest(model);
      return job ? model.context.jobs.getState().stop(job.spec.id) : undefined;
    },
  },
];
