import { RagtuiError, toRagtuiError } from '../../platform/errors.ts';
import { shellWord } from '../../platform/shell-word.ts';
import { type VllmFlag, type VllmOptions, vllmOptionsSchema } from '../../serving/types.ts';
import { parseFlags, shellWords } from '../../serving/vllm/flags.ts';
import { t } from '../../ui/i18n/index.ts';
import type { ScreenContext } from '../context.ts';
import { type FormField, typedNumber } from '../form.ts';

/** Options that are a number, and how a command says them. */
const NUMBERS = {
  tensorParallel: '--tensor-parallel',
  pipelineParallel: '--pipeline-parallel',
  dataParallel: '--data-parallel',
  gpuMemoryUtilization: '--gpu-memory',
  maxNumSeqs: '--max-num-seqs',
  loraSlots: '--lora-slots',
  maxLoraRank: '--max-lora-rank',
  drainSeconds: '--drain',
} as const;
type NumberOption = keyof typeof NUMBERS;
const NUMBER_OPTIONS = [
  'tensorParallel',
  'pipelineParallel',
  'dataParallel',
  'gpuMemoryUtilization',
  'maxNumSeqs',
  'loraSlots',
  'maxLoraRank',
  'drainSeconds',
] as const satisfies readonly NumberOption[];
const DTYPES = ['auto', 'float32', 'float16', 'bfloat16'] as const;
const USUAL = '';

/** What only vLLM is told, a line each. */
export function vllmFields(context: ScreenContext): FormField[] {
  const { form, plan } = context.deploy.getState();
  const { vllm } = form;
  const onCpu = plan?.work.engine === 'vllm' && plan.device === 'memory';
  // What a CPU ignores is asked only where it was said already.
  const asked = (option: keyof VllmOptions): boolean => !onCpu || vllm[option] !== undefined;
  return [
    {
      id: 'dtype',
      title: t('deploy.field.dtype'),
      value: vllm.dtype ?? t('deploy.usual'),
      change: () => chooseDtype(context),
    },
    {
      id: 'quantization',
      title: t('deploy.field.quantization'),
      value: vllm.quantization ?? t('deploy.usual'),
      about: t('deploy.field.quantization.about'),
      change: () => askText(context, 'quantization', vllm.quantization ?? '', (text) => ({ quantization: text })),
    },
    ...NUMBER_OPTIONS.filter((option) => option !== 'gpuMemoryUtilization' || asked(option)).map((option) => ({
      id: option,
      title: t(`deploy.field.${option}`),
      value: vllm[option] === undefined ? t('deploy.usual') : String(vllm[option]),
      change: () => askOption(context, option),
    })),
    ...(asked('ray')
      ? [
          {
            id: 'ray',
            title: t('deploy.field.ray'),
            value: vllm.ray ?? t('deploy.no'),
            about: t('deploy.field.ray.about'),
            change: () => askText(context, 'ray', vllm.ray ?? '', (text) => ({ ray: rayAddress(text) })),
          },
        ]
      : []),
    ...(asked('sleepMode')
      ? [
          {
            id: 'sleepMode',
            title: t('deploy.field.sleepMode'),
            value: vllm.sleepMode ? t('deploy.yes') : t('deploy.no'),
            about: t('deploy.field.sleepMode.about'),
            change: () =>
              set(context, { ...without(vllm, 'sleepMode'), ...(vllm.sleepMode ? {} : { sleepMode: true }) }),
          },
        ]
      : []),
    {
      id: 'flags',
      title: t('deploy.field.flags'),
      value: vllm.flags ? flagsText(vllm.flags) : t('deploy.noAdapters'),
      about: t('deploy.field.flags.about'),
      change: () =>
        askText(context, 'flags', flagsText(vllm.flags ?? []), (text) => ({ flags: parseFlags([], shellWords(text)) })),
    },
  ];
}

/** The words that say them to `deploy start`. Pure. */
export function vllmWords(vllm: VllmOptions): string[] {
  const option = (name: string, value: string | number | undefined): string[] =>
    value === undefined ? [] : [name, String(value)];
  return [
    ...option('--dtype', vllm.dtype),
    ...option('--quantization', vllm.quantization),
    ...NUMBER_OPTIONS.flatMap((name) => option(NUMBERS[name], vllm[name])),
    ...option('--ray', vllm.ray),
    ...(vllm.sleepMode ? ['--sleep-mode'] : []),
    ...(vllm.flags ?? []).flatMap(({ name, value }) => ['--flag', value === null ? name : `${name}=${value}`]),
  ];
}

/** As vLLM's own command line has them. Pure. */
const flagsText = (flags: readonly VllmFlag[]): string =>
  flags.flatMap(({ name, value }) => [`--${name}`, ...(value === null ? [] : [shellWord(value)])]).join(' ');

/** Errors: `usage`. */
function rayAddress(text: string): string {
  const parsed = vllmOptionsSchema.shape.ray.safeParse(text);
  if (parsed.success && parsed.data !== undefined) return parsed.data;
  throw new RagtuiError('usage', t('deploy.noRay', { text }));
}

const set = ({ deploy }: ScreenContext, vllm: VllmOptions): void => deploy.getState().configure({ vllm });

function without(vllm: VllmOptions, name: keyof VllmOptions): VllmOptions {
  const { [name]: _, ...rest } = vllm;
  return rest;
}

function chooseDtype(context: ScreenContext): void {
  const { deploy, ui } = context;
  const { vllm } = deploy.getState().form;
  ui.getState().choose({
    title: t('deploy.field.dtype'),
    choices: [{ id: USUAL, title: t('deploy.usual') }, ...DTYPES.map((id) => ({ id, title: id }))],
    selected: vllm.dtype ?? USUAL,
    pick: (id) => {
      const dtype = DTYPES.find((one) => one === id);
      set(context, { ...without(vllm, 'dtype'), ...(dtype ? { dtype } : {}) });
    },
  });
}

function askOption(context: ScreenContext, name: NumberOption): void {
  const { deploy, ui } = context;
  const { vllm } = deploy.getState().form;
  ui.getState().prompt({
    title: t(`deploy.field.${name}`),
    text: name === 'gpuMemoryUtilization' ? t('deploy.shareHelp') : t('deploy.numberHelp'),
    initial: vllm[name] === undefined ? '' : String(vllm[name]),
    submit: (text) => {
      if (text.trim() === '') return set(context, without(vllm, name));
      const value = typedNumber(text);
      if (value === undefined || !fits(name, value)) {
        const wrong = name === 'gpuMemoryUtilization' ? 'deploy.noShare' : 'deploy.noNumber';
        ui.getState().toast(t(wrong, { text }), 'warn');
      } else set(context, { ...vllm, [name]: value });
    },
  });
}

const fits = (name: NumberOption, value: number): boolean =>
  name === 'gpuMemoryUtilization'
    ? value > 0 && value <= 1
    : Number.isInteger(value) && value >= (name === 'drainSeconds' ? 0 : 1);

function askText(
  context: ScreenContext,
  name: 'quantization' | 'flags' | 'ray',
  initial: string,
  read: (text: string) => VllmOptions,
): void {
  const { deploy, ui } = context;
  const { vllm } = deploy.getState().form;
  ui.getState().prompt({
    title: t(`deploy.field.${name}`),
    text: t(`deploy.field.${name}.about`),
    initial,
    submit: (text) => {
      if (text.trim() === '') return set(context, without(vllm, name));
      try {
        set(context, { ...vllm, ...read(text.trim()) });
      } catch (error) {
        const { message, hint } = toRagtuiError(error);
        ui.getState().toast(`${message} ${hint}`.trim(), 'warn');
      }
    },
  });
}
