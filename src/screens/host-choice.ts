import type { EngineName } from '../engines/types.ts';
import type { FarEngine, Host } from '../hosts/types.ts';
import { hostOf } from '../hosts/types.ts';
import { t } from '../ui/i18n/index.ts';
import type { FormField } from './form.ts';

/** What a host runs an engine on, by what is kept of it, or why it cannot. Pure. */
export function hostNote(host: Host, name: EngineName): { readonly note: string } | { readonly disabled: string } {
  const refused = whyNotOn(host, name);
  if (refused !== undefined) return { disabled: refused };
  const engine = engineOnHost(host, name);
  const [gpu] = host.facts?.gpus ?? [];
  const what = engine?.device === 'cuda' && gpu ? `${host.facts?.gpus.length} × ${gpu.name}` : engine?.device;
  return { note: `${Object.values(engine?.versions ?? {})[0] ?? ''} · ${what}` };
}

/** Why a host runs nothing of an engine; undefined: it does. Pure. */
function whyNotOn(host: Host, name: EngineName): string | undefined {
  if (!host.facts) return t('train.launcher.unknown', { host: host.name });
  if (host.drainedAt !== undefined) return t('train.launcher.drained', { host: host.name });
  return engineOnHost(host, name) ? undefined : t('train.launcher.missing', { name, host: host.name });
}

/** The engine of a name on a host, as it was when that was looked at last. Pure. */
export const engineOnHost = ({ installed }: Host, name: EngineName): FarEngine | undefined =>
  installed.find((engine) => engine.name === name);

/** The host of a launcher among those that are known. Pure. */
export const hostOfLauncher = (hosts: readonly Host[], launcher: string | null): Host | undefined =>
  launcher === null ? undefined : hosts.find(({ name }) => name === hostOf(launcher));

/** What stands for this machine where a host is chosen. */
export const HERE = '';
export const hereChoice = () => ({ id: HERE, title: t('train.launcher.local') });

/** Where it runs (null: on this machine); nothing while no other host is known. `reset`: what takes the choice back. */
export function launcherFields(
  { launcher, hosts }: { readonly launcher: string | null; readonly hosts: readonly Host[] },
  { reset, ...field }: Required<Pick<FormField, 'about' | 'change'>> & Pick<FormField, 'reset'>,
): FormField[] {
  if (hosts.length === 0 && launcher === null) return [];
  const changed = { tone: 'changed' as const, ...(reset ? { reset } : {}) };
  return [
    {
      id: 'launcher',
      title: t('train.field.launcher'),
      value: launcher ?? t('train.launcher.local'),
      ...field,
      ...(launcher === null ? {} : changed),
    },
  ];
}
