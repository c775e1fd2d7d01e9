import { type DeployForm, requestOf } from '../../../stores/deploy-types.ts';
import { isOver } from '../../jobs/types.ts';
import type { ModelStatus } from '../../models/types.ts';
import { sanitize } from '../../platform/sanitize.ts';
import { shellWord } from '../../platform/shell-word.ts';
import { needBytes } from '../../serving/start-plan-size.ts';
import { formatBytes, formatCount, formatTime } from '../../ui/format.ts';
import { t } from '../../ui/i18n/index.ts';
import type { ScreenContext } from '../context.ts';
import { type FormField, typedNumber } from '../form.ts';
import { deployLauncher, whyNotThere } from './form-launcher.ts';
import { vllmFields, vllmWords } from './vllm-form.ts';

const AUTO = 'auto';

/** The lines of the form, each with the way to change it. */
export function deployFields(context: ScreenContext): FormField[] {
  const { form, plan } = context.deploy.getState();
  const work = plan?.work;
  // Nothing else goes to another host.
  const engineChosen = form.launcher === null ? form.engine : 'vllm';
  const engine = engineChosen ?? work?.engine ?? null;
  return [
    {
      id: 'model',
      title: t('deploy.field.model'),
      ...(form.model ? { value: form.model } : { value: t('train.choose'), tone: 'missing' as const }),
      change: () => chooseModel(context),
    },
    {
      id: 'adapters',
      title: t('deploy.field.adapters'),
      value: form.adapters.join(', ') || t('deploy.noAdapters'),
      change: () => chooseAdapter(context),
    },
    ...deployLauncher(context),
    {
      id: 'engine',
      title: t('deploy.field.engine'),
      value: engineChosen ? t(`deploy.engine.${engineChosen}`) : t('deploy.engine.auto'),
      ...(engineChosen === null && work ? { note: t(`deploy.engine.${work.engine}`) } : {}),
      change: () => chooseEngine(context),
    },
    {
      id: 'context',
      title: t('deploy.field.context'),
      value: form.contextTokens === null ? t('deploy.usual') : formatCount(form.contextTokens),
      ...(form.contextTokens === null && work ? { note: formatCount(work.contextTokens) } : {}),
      change: () => askNumber(context, 'contextTokens', t('deploy.field.context')),
    },
    ...(engine === 'vllm'
      ? [
          // On a GPU the cache is what is left of its share.
          ...(plan?.device === 'gpu' && form.kvCacheGiB === null
            ? []
            : [
                {
                  id: 'kv',
                  title: t('deploy.field.kv'),
                  value: form.kvCacheGiB === null ? t('deploy.usual') : `${form.kvCacheGiB} GiB`,
                  ...(form.kvCacheGiB === null && work ? { note: `${work.kvCacheGiB} GiB` } : {}),
                  change: () => askNumber(context, 'kvCacheGiB', t('deploy.field.kv')),
                },
              ]),
          ...vllmFields(context),
        ]
      : []),
    {
      id: 'swap',
      title: t('deploy.field.swap'),
      value: form.swap === null ? t('deploy.swapNone') : swapName(context),
      change: () => chooseSwap(context),
    },
  ];
}

/** Which server the new one takes the place of: its memory counts as free. */
function chooseSwap({ deploy, ui }: ScreenContext): void {
  const { servers, form } = deploy.getState();
  const running = (servers ?? []).filter(({ job }) => !isOver(job.state) && job.state !== 'stopping');
  ui.getState().choose({
    title: t('deploy.field.swap'),
    choices: [
      { id: '', title: t('deploy.swapNone') },
      ...running.map(({ job, work }) => ({
        id: job.spec.id,
        title: [work.model, ...work.adapters.map(({ name }) => name)].join(', '),
        note: t(`deploy.engine.short.${work.engine}`),
      })),
    ],
    selected: form.swap ?? '',
    pick: (id) =>
      deploy.getState().configure({ swap: running.find(({ job }) => job.spec.id === id)?.job.spec.id ?? null }),
  });
}

/** The model of the server that is to be stopped first. */
export function swapName({ deploy }: Pick<ScreenContext, 'deploy'>): string {
  const { servers, form } = deploy.getState();
  return servers?.find(({ job }) => job.spec.id === form.swap)?.work.model ?? form.swap ?? '';
}

/** What can be served: chat models first, then embedders. */
function bases({ models }: ScreenContext): readonly ModelStatus[] {
  const list = models.getState().list ?? [];
  return (['chat', 'embedder'] as const).flatMap((kind) => list.filter(({ entry }) => entry.kind === kind));
}

function chooseModel(context: ScreenContext): void {
  const { deploy, ui } = context;
  const choices = bases(context).map(({ entry, state }) => ({
    id: entry.id,
    title: entry.title,
    note: entry.id,
    ...(state === 'present' ? {} : { disabled: t('train.notHere') }),
  }));
  if (choices.length === 0) {
    ui.getState().toast(t('deploy.why.noModel'), 'warn');
    return;
  }
  ui.getState().choose({
    title: t('deploy.field.model'),
    choices,
    selected: deploy.getState().form.model ?? '',
    pick: (model) => deploy.getState().configure({ model, adapters: [] }),
  });
}

/** Puts an adapter of this base in, or takes it out. */
function chooseAdapter({ deploy, ui }: ScreenContext): void {
  const { form } = deploy.getState();
  const own = deploy
    .getState()
    .adapters()
    .filter(({ base }) => base === form.model);
  if (own.length === 0) {
    ui.getState().toast(t('deploy.why.noAdapter', { base: form.model ?? '?' }), 'warn');
    return;
  }
  ui.getState().choose({
    title: t('deploy.field.adapters'),
    choices: own.map(({ name, rank }) => ({
      id: name,
      title: `${form.adapters.includes(name) ? '☑' : '☐'} ${name}`,
      note: t('deploy.rank', { rank }),
    })),
    pick: (name) => {
      const adapters = form.adapters.includes(name)
        ? form.adapters.filter((one) => one !== name)
        : [...form.adapters, name];
      deploy.getState().configure({ adapters });
    },
  });
}

function chooseEngine({ deploy, ui }: ScreenContext): void {
  const { form, hasVllm } = deploy.getState();
  // What another host has was asked when that was chosen.
  const elsewhere = form.launcher !== null;
  const hereOnly = elsewhere ? { disabled: t('deploy.why.hereOnly') } : {};
  ui.getState().choose({
    title: t('deploy.field.engine'),
    choices: [
      { id: AUTO, title: t('deploy.engine.auto'), note: t('deploy.engine.auto.note') },
      { id: 'llama', title: t('deploy.engine.llama'), note: t('deploy.engine.llama.note'), ...hereOnly },
      {
        id: 'vllm',
        title: t('deploy.engine.vllm'),
        note: t('deploy.engine.vllm.note'),
        ...(elsewhere || hasVllm() ? {} : { disabled: t('deploy.why.noVllm') }),
      },
      { id: 'onnx', title: t('deploy.engine.onnx'), note: t('deploy.engine.onnx.note'), ...hereOnly },
    ],
    selected: form.engine ?? AUTO,
    pick: (id) => {
      const engine = id === 'llama' || id === 'vllm' || id === 'onnx' ? id : null;
      // What only vLLM is told is no request to another engine.
      deploy.getState().configure({
        engine,
        ...(engine === 'vllm' || elsewhere ? {} : { vllm: {}, kvCacheGiB: null }),
      });
    },
  });
}

function askNumber({ deploy, ui }: ScreenContext, field: 'contextTokens' | 'kvCacheGiB', title: string): void {
  const value = deploy.getState().form[field];
  ui.getState().prompt({
    title,
    text: t('deploy.numberHelp'),
    initial: value === null ? '' : String(value),
    submit: (text) => {
      if (text.trim() === '') return deploy.getState().configure({ [field]: null });
      const number = typedNumber(text);
      if (number === undefined || !Number.isInteger(number) || number <= 0) {
        ui.getState().toast(t('deploy.noNumber', { text }), 'warn');
      } else deploy.getState().configure({ [field]: number });
    },
  });
}

/** Fills in what is most likely meant: a base that is here. */
export function fillForm(context: ScreenContext): void {
  const { form, configure } = context.deploy.getState();
  const here = bases(context).filter(({ state }) => state === 'present');
  const model = here.some(({ entry }) => entry.id === form.model) ? form.model : (here[0]?.entry.id ?? null);
  configure({ model });
}

/** The command that does the same without the screen. */
export function headlessStart(form: DeployForm): string {
  const { model, adapters, engine, contextTokens, kvCacheGiB, vllm, launcher, swap } = form;
  const words = [
    model ?? 'MODEL',
    ...adapters.flatMap((name) => ['--adapter', name]),
    ...(engine === null ? [] : ['--engine', engine]),
    ...(contextTokens === null ? [] : ['--context', String(contextTokens)]),
    ...(kvCacheGiB === null ? [] : ['--kv-gib', String(kvCacheGiB)]),
    ...(launcher === null ? [] : ['--launcher', launcher]),
    ...vllmWords(vllm),
    ...(swap === null ? [] : ['--swap', swap]),
  ];
  return `ragtui deploy start ${words.map(shellWord).join(' ')}`;
}

/** What would run, what it takes and what is free, and the command that does the same headless. */
export function planText({ deploy }: ScreenContext): string {
  const { form, plan, problem, planning } = deploy.getState();
  const headless = `$ ${headlessStart(form)}`;
  if (!requestOf(form)) return `${t('deploy.planLater')}\n\n${headless}`;
  if (problem) return sanitize(`✗ ${problem.message} ${problem.hint}\n\n${headless}`);
  if (!plan) return `${planning ? t('deploy.planning') : t('deploy.planLater')}\n\n${headless}`;
  const lines = [
    headless,
    '',
    ...plan.parts.map(({ what, bytes }) => `${t(`deploy.part.${what}`)}: ${formatBytes(bytes)}`),
    memoryText(plan),
    ...(plan.gpus ? [gpusText(plan, plan.gpus)] : []),
    ...(plan.host ? [t('deploy.sent', { host: plan.host.name })] : []),
    ...(form.swap === null ? [] : [t('deploy.confirmSwap', { name: swapName({ deploy }) })]),
    '',
    plan.command ??
      t('deploy.embedded', {
        engine: t(`deploy.engine.${plan.work.engine}`),
        tokens: formatCount(plan.work.contextTokens),
      }),
  ];
  return sanitize(lines.join('\n'));
}

type Sized = NonNullable<ReturnType<ScreenContext['deploy']['getState']>['plan']>;

/** `needs about 940 MB of the 3.1 GB that are free`. */
export function memoryText(plan: Sized): string {
  const { host } = plan;
  if (host) {
    return t(plan.device === 'gpu' ? 'deploy.needsGpuThere' : 'deploy.needsThere', {
      need: formatBytes(needBytes(plan)),
      host: host.name,
      total: host.totalBytes === null ? '?' : formatBytes(host.totalBytes),
      time: formatTime(host.checkedAt),
    });
  }
  return t(plan.device === 'gpu' ? 'deploy.needsGpu' : 'deploy.needs', {
    need: formatBytes(needBytes(plan)),
    free: plan.freeBytes === null ? '?' : formatBytes(plan.freeBytes),
  });
}

/** `takes 2 of the 4 GPUs of far`. */
function gpusText({ host }: Sized, gpus: NonNullable<Sized['gpus']>): string {
  const tooFew = gpus.wanted > gpus.here;
  if (host) return t(tooFew ? 'deploy.tooFewGpusThere' : 'deploy.gpusThere', { ...gpus, host: host.name });
  return t(tooFew ? 'deploy.tooFewGpus' : 'deploy.gpus', { ...gpus });
}

/** `vLLM`, `vLLM (far)`: what serves, and where. */
export const engineText = ({ work, host }: Sized): string =>
  `${t(`deploy.engine.${work.engine}`)}${host ? ` (${host.name})` : ''}`;

/** `true`, or why it cannot start yet. */
export function canStart({ deploy }: ScreenContext): true | string {
  const { form, plan, problem, planning, hasVllm } = deploy.getState();
  if (!requestOf(form)) return t('deploy.why.noChoice');
  if (problem) return `${problem.message} ${problem.hint}`.trim();
  if (planning || !plan) return t('deploy.planning');
  if (plan.gpus && plan.gpus.wanted > plan.gpus.here) return gpusText(plan, plan.gpus);
  if (form.launcher !== null) return whyNotThere({ deploy }) ?? true;
  if (plan.work.engine === 'vllm' && !hasVllm()) return t('deploy.why.noVllm');
  return true;
}
