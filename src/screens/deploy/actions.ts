import { requestOf } from '../../../stores/deploy-types.ts';
import type { Action } from '../../keys/types.ts';
import { formatBytes, formatDuration } from '../../ui/format.ts';
import { t } from '../../ui/i18n/index.ts';
import { canStop, stopJob } from '../job-actions.ts';
import { deployAndCompare } from './compare.ts';
import { canStart, engineText, fillForm, memoryText, swapName } from './form.ts';
import type { DeployModel } from './model.ts';
import { chatTargetOf, type DeployRow, isChat, nameOf, sampleOf, targetOf } from './rows.ts';

type OwnRow = Exclude<DeployRow, { kind: 'foreign' }>;

/** The server of ours under the cursor, or on the adapter's row. */
function ownRow({ rows }: DeployModel): OwnRow | string {
  const row = rows.selected();
  if (!row) return t('deploy.why.none');
  return row.kind === 'foreign' ? t('deploy.why.notOurs') : row;
}

/** `true` for a server of ours that answers, else why not. */
function running(model: DeployModel): true | string {
  const row = ownRow(model);
  if (typeof row === 'string') return row;
  if (model.context.deploy.getState().busy) return t('deploy.why.busy');
  return row.server.job.state === 'running' ? true : t('deploy.why.notRunning');
}

/** `true` for a server of ours that does not sleep, else why not. */
function awake(model: DeployModel): true | string {
  const row = ownRow(model);
  if (typeof row === 'string') return row;
  return row.server.asleep ? t('deploy.why.asleep') : true;
}

/** `true` where a prompt can go, else why not. */
function askable({ rows }: DeployModel): true | string {
  const row = rows.selected();
  if (!row) return t('deploy.why.none');
  if (chatTargetOf(row)) return true;
  return t(isChat(row) ? 'deploy.why.notRunning' : 'deploy.why.noChat');
}

/** The adapter under the cursor on a server that runs, else why not. */
function adapterRow(model: DeployModel): Extract<DeployRow, { kind: 'adapter' }> | string {
  const why = running(model);
  if (why !== true) return why;
  const row = model.rows.selected();
  return row?.kind === 'adapter' ? row : t('deploy.why.noAdapterHere');
}

/** An action that makes another version of the adapter under the cursor the current one. */
const roll = (to: 'back' | 'forward') => ({
  when: (model: DeployModel): true | string => {
    const row = adapterRow(model);
    if (typeof row === 'string') return row;
    const { versions, current } = row.adapter;
    const there = versions.some(({ version }) => (to === 'back' ? version < current : version > current));
    return there ? true : t(to === 'back' ? 'deploy.why.noOlder' : 'deploy.why.noNewer');
  },
  run: async (model: DeployModel): Promise<void> => {
    const row = adapterRow(model);
    if (typeof row === 'string') return;
    const { deploy, ui } = model.context;
    const { name } = row.adapter;
    const version = await deploy.getState().roll(row.server.job.spec.id, name, to);
    ui.getState().toast(t('deploy.rolledNow', { name, version: version ?? '–' }), 'good');
  },
});

const OTHER = '…';

/** Adapters of the base of the server under the cursor that the list of models knows. */
function tunesOf({ context, rows }: DeployModel) {
  const row = rows.selected();
  if (!row || row.kind === 'foreign') return [];
  const { model } = row.server.work;
  return context.deploy
    .getState()
    .adapters()
    .filter(({ base }) => base === model);
}

export const deployActions: readonly Action<DeployModel>[] = [
  {
    id: 'deploy.new',
    title: 'New server',
    help: 'Fills in a new server: which model, with which adapters, on which engine; what it will take is shown first.',
    keys: ['n'],
    rank: 2,
    command: 'ragtui deploy start MODEL --dry-run',
    run: ({ context }) => {
      fillForm(context);
      context.deploy.getState().setView('form');
      context.ui.getState().setFocus('form', 'deploy');
    },
  },
  {
    id: 'deploy.start',
    title: 'Start',
    help: 'Starts the server of the form as a job; it goes on when ragtui is closed.',
    keys: ['s'],
    rank: 1,
    command: 'ragtui deploy start MODEL --adapter NAME',
    when: ({ context }) => {
      const { view, form } = context.deploy.getState();
      return view === 'form' && requestOf(form) ? canStart(context) : t('deploy.why.noForm');
    },
    confirm: ({ context }) => {
      const { plan, form } = context.deploy.getState();
      if (!plan) return undefined;
      const names = [form.model, ...form.adapters].join(', ');
      const start = t('deploy.confirmStart', {
        names,
        engine: engineText(plan),
        memory: memoryText(plan),
      });
      return form.swap === null ? start : `${t('deploy.confirmSwap', { name: swapName(context) })} ${start}`;
    },
    run: async ({ context, rows }) => {
      const id = await context.deploy.getState().start();
      rows.select(id);
      context.ui.getState().setFocus('servers', 'deploy');
    },
  },
  {
    id: 'deploy.stop',
    title: 'Stop',
    help: 'Asks the server to end what it answers and stop, then tells it, then ends it by force; each step is shown.',
    keys: ['x'],
    rank: 4,
    command: 'ragtui deploy stop MODEL',
    when: (model) => {
      const row = ownRow(model);
      return typeof row === 'string' ? row : canStop(row.server.job, '');
    },
    confirm: (model) => {
      const row = ownRow(model);
      if (typeof row === 'string') return undefined;
      const busy = sampleOf(model.context.deploy.getState(), row)?.figures?.running ?? 0;
      const names = [row.server.work.model, ...row.server.adapters.map(({ name }) => name)].join(', ');
      return t(busy > 0 ? 'deploy.confirmStopBusy' : 'deploy.confirmStop', { names, count: busy });
    },
    run: (model) => {
      const row = ownRow(model);
      return typeof row === 'string' ? undefined : stopJob(model.context, row.server.job);
    },
  },
  {
    id: 'deploy.load',
    title: 'Load adapter',
    help: 'Puts another adapter of the same base on the running server, without a restart.',
    keys: ['l'],
    rank: 5,
    command: 'ragtui deploy load-adapter NAME=PATH',
    when: (model) => {
      const why = running(model);
      if (why !== true) return why;
      const row = ownRow(model);
      return typeof row !== 'string' && isChat(row) ? true : t('deploy.why.noAdapters');
    },
    run: (model) => {
      const row = ownRow(model);
      if (typeof row === 'string') return;
      const { deploy, ui } = model.context;
      const { work, job, adapters } = row.server;
      const load = async (adapter: string): Promise<void> => {
        const version = await deploy.getState().load(job.spec.id, adapter);
        const name = adapter.split('=')[0] ?? adapter;
        ui.getState().toast(t('deploy.loadedNow', { name, model: work.model, version: version ?? '–' }), 'good');
      };
      const known = deploy
        .getState()
        .adapters()
        .filter(({ base }) => base === work.model);
      ui.getState().choose({
        title: t('deploy.loadOnto', { model: work.model }),
        choices: [
          ...known.map(({ name, rank }) => {
            const there = adapters.find((one) => one.name === name);
            const note = there ? t('deploy.alreadyLoaded', { version: there.current }) : t('deploy.rank', { rank });
            return { id: name, title: name, note };
          }),
          { id: OTHER, title: t('deploy.loadOther') },
        ],
        pick: (name) => {
          if (name !== OTHER) return load(name);
          ui.getState().prompt({
            title: t('deploy.loadOnto', { model: work.model }),
            text: t('deploy.loadOther.help'),
            submit: (text) => (text.trim() === '' ? undefined : load(text.trim())),
          });
        },
      });
    },
  },
  {
    id: 'deploy.unload',
    title: 'Unload',
    help: 'Takes the adapter under the cursor from its server; what it answers is answered first.',
    keys: ['u'],
    rank: 6,
    command: 'ragtui deploy unload-adapter NAME',
    when: (model) => {
      const row = adapterRow(model);
      return typeof row === 'string' ? row : true;
    },
    confirm: (model) => {
      const row = adapterRow(model);
      return typeof row === 'string' ? undefined : t('deploy.confirmUnload', { name: row.adapter.name });
    },
    run: async (model) => {
      const row = adapterRow(model);
      if (typeof row === 'string') return;
      await model.context.deploy.getState().unload(row.server.job.spec.id, row.adapter.name);
    },
  },
  {
    id: 'deploy.rollback',
    title: 'Roll back',
    help: 'Makes the name of the adapter under the cursor mean its version before, at once.',
    keys: ['b'],
    rank: 8,
    command: 'ragtui deploy rollback NAME',
    ...roll('back'),
  },
  {
    id: 'deploy.forward',
    title: 'Roll forward',
    help: 'Makes the name of the adapter under the cursor mean its version after.',
    keys: ['B'],
    command: 'ragtui deploy rollback NAME --forward',
    ...roll('forward'),
  },
  {
    id: 'deploy.chat',
    title: 'Try',
    help: 'Asks the model or adapter under the cursor one thing and shows its answer with its speed.',
    keys: ['c'],
    rank: 3,
    command: 'ragtui ask "question" --llm NAME',
    when: askable,
    run: ({ context, rows }) => {
      const row = rows.selected();
      const target = row && chatTargetOf(row);
      if (!row || !target) return;
      const { deploy, ui } = context;
      ui.getState().prompt({
        title: t('deploy.askTitle', { name: nameOf(row) }),
        text: t('deploy.askHelp'),
        initial: deploy.getState().chat?.prompt ?? t('deploy.askExample'),
        submit: (prompt) => {
          if (prompt.trim() === '') return;
          ui.getState().setFocus('chat', 'deploy');
          // Its pane shows how it goes: keys stay free.
          void deploy.getState().ask(target, prompt.trim());
        },
      });
    },
  },
  {
    id: 'deploy.compare',
    title: 'Compare with base',
    help: 'Asks a tune beside its base on one engine, with the questions that its training did not see.',
    keys: ['a'],
    rank: 9,
    command: 'ragtui deploy compare NAME',
    when: (model) => {
      const row = ownRow(model);
      if (typeof row === 'string') return row;
      if (!isChat(row)) return t('deploy.why.noChat');
      return row.kind === 'adapter' || tunesOf(model).length > 0 ? true : t('deploy.why.noTune');
    },
    run: (model) => {
      const row = ownRow(model);
      if (typeof row === 'string') return;
      if (row.kind === 'adapter') return deployAndCompare(model.context, row.adapter.name);
      model.context.ui.getState().choose({
        title: t('deploy.beside.which', { base: row.server.work.model }),
        choices: tunesOf(model).map(({ name, rank }) => ({ id: name, title: name, note: t('deploy.rank', { rank }) })),
        pick: (name) => deployAndCompare(model.context, name),
      });
    },
  },
  {
    id: 'deploy.room',
    title: 'Make room',
    help: 'Gives the memory of the server under the cursor to a training: it sleeps where it can, else it is stopped; what that costs is said first.',
    keys: ['m'],
    command: 'ragtui deploy make-room NAME',
    when: (model) => (awake(model) === true ? running(model) : awake(model)),
    run: async (model) => {
      const row = ownRow(model);
      if (typeof row === 'string') return;
      const { deploy, ui } = model.context;
      const { id } = row.server.job.spec;
      const { model: name, bytes, device, how, startSeconds } = await deploy.getState().holding(id);
      ui.getState().choose({
        title: t('deploy.room.title', {
          name,
          bytes: bytes === null ? '?' : formatBytes(bytes),
          where: t(`deploy.room.${device}`),
        }),
        choices: [
          {
            id: how,
            title: t(`deploy.room.${how}`),
            note:
              how === 'sleep'
                ? t('deploy.room.wakes')
                : startSeconds === null
                  ? t('deploy.room.unknown')
                  : t('deploy.room.back', { time: formatDuration(startSeconds) }),
          },
        ],
        pick: () => deploy.getState().takeMemory(id),
      });
    },
  },
  {
    id: 'deploy.wake',
    title: 'Wake',
    help: 'Wakes the server under the cursor, which gave its GPU memory to a training.',
    keys: ['w'],
    command: 'ragtui deploy wake NAME',
    when: (model) => {
      const row = ownRow(model);
      if (typeof row === 'string') return row;
      return row.server.asleep ? running(model) : t('deploy.why.awake');
    },
    run: (model) => {
      const row = ownRow(model);
      return typeof row === 'string' ? undefined : model.context.deploy.getState().wake(row.server.job.spec.id);
    },
  },
  {
    id: 'deploy.curl',
    title: 'Copy curl',
    help: 'Copies a line for a shell that asks this model; the key is read from its place, it is not in the line.',
    keys: ['C'],
    command: 'ragtui deploy list',
    when: ({ rows }) => {
      const row = rows.selected();
      if (!row) return t('deploy.why.none');
      return targetOf(row) ? true : t('deploy.why.notRunning');
    },
    run: ({ context, rows }) => {
      const row = rows.selected();
      const target = row && targetOf(row);
      if (target) context.copy(context.deploy.getState().curl(target));
    },
  },
];

/** Of the list of servers. */
export const serverActions: readonly Action<DeployModel>[] = [
  {
    id: 'deploy.job',
    title: 'Open job',
    help: 'Shows the job of this server on the jobs screen.',
    keys: ['enter'],
    command: 'ragtui jobs show ID',
    when: (model) => {
      const row = ownRow(model);
      return typeof row === 'string' ? row : true;
    },
    run: (model) => {
      const row = ownRow(model);
      if (typeof row === 'string') return;
      model.context.jobs.getState().select(row.server.job.spec.id);
      model.context.ui.getState().showScreen('jobs');
    },
  },
];

/** Of the answer. */
export const chatActions: readonly Action<DeployModel>[] = [
  {
    id: 'deploy.chat.cancel',
    title: 'Cancel',
    help: 'Ends the answer that is coming.',
    keys: ['esc'],
    when: ({ context }) => {
      const { chat } = context.deploy.getState();
      return chat && !chat.result && !chat.error ? true : t('deploy.why.noAnswer');
    },
    run: ({ context }) => context.deploy.getState().cancelChat(),
  },
];

/** Of the form. */
export const formActions: readonly Action<DeployModel>[] = [
  {
    id: 'deploy.change',
    title: 'Change',
    help: 'Changes the value under the cursor.',
    keys: ['enter'],
    rank: 3,
    run: ({ fields }) => fields.selected()?.change(),
  },
];
