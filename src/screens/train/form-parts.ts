import type { DatasetManifest } from '../../datasets/types.ts';
import type { EngineManifest } from '../../engines/types.ts';
import { deviceOfHost } from '../../hosts/types.ts';
import { ENGINE_OF, type TrainingKind } from '../../training/types.ts';
import { t } from '../../ui/i18n/index.ts';
import type { ScreenContext } from '../context.ts';
import { typedNumber } from '../form.ts';
import { engineOnHost, hostOfLauncher } from '../host-choice.ts';

export interface NumberWish {
  readonly title: string;
  /** What it is and which values it takes; the way back to the preset is said after it. */
  readonly text?: string;
  readonly initial: number | null;
  /** Why a number cannot be it. */
  readonly problem?: (value: number) => string | undefined;
  /** Null: as the preset has it. */
  readonly take: (value: number | null) => void;
}

/** Asks for a number above 0, or none. */
export function askNumber({ ui }: ScreenContext, { title, text, initial, problem, take }: NumberWish): void {
  ui.getState().prompt({
    title,
    text: [text, t('train.numberHelp')].filter(Boolean).join('\n'),
    initial: initial === null ? '' : String(initial),
    submit: (typed) => {
      if (typed.trim() === '') return take(null);
      const value = typedNumber(typed);
      const wrong = value === undefined || value <= 0 ? t('train.noNumber', { text: typed }) : problem?.(value);
      if (wrong !== undefined) ui.getState().toast(wrong, 'warn');
      else if (value !== undefined) take(value);
    },
  });
}

/** A dataset of the list by its name; a version after it (`data@v-…`) is not looked at. */
export const manifestOf = ({ datasets }: ScreenContext, name: string | null): DatasetManifest | undefined =>
  datasets.getState().list?.find((one) => one.name === name?.split('@', 1)[0]);

/** What the engine of a kind runs on, where the form has it run, is a GPU. */
export function hasGpu(context: ScreenContext, kind: TrainingKind): boolean {
  const { device, hosts, form } = context.training.getState();
  const host = hostOfLauncher(hosts, form.launcher);
  return (engineOn(context, kind, form.launcher)?.device ?? (host ? deviceOfHost(host) : device)) === 'cuda';
}

/** The engine of a kind on this machine, or on the host of a launcher; undefined where there is none. */
export function engineOn(
  { training }: ScreenContext,
  kind: TrainingKind,
  launcher: string | null,
): Pick<EngineManifest, 'device' | 'versions'> | undefined {
  const { engines, hosts } = training.getState();
  const wanted = ENGINE_OF[kind];
  if (launcher === null) return engines?.find(({ definition }) => definition.name === wanted)?.manifest ?? undefined;
  const host = hostOfLauncher(hosts, launcher);
  return host && engineOnHost(host, wanted);
}
