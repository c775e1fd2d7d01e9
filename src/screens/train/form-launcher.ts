import { type Host, hostOf } from '../../hosts/types.ts';
import { ENGINE_OF } from '../../training/types.ts';
import { t } from '../../ui/i18n/index.ts';
import type { ScreenContext } from '../context.ts';
import type { FormField } from '../form.ts';
import { engineOn, hasGpu } from './form-parts.ts';

const HERE = '';

/** Where it runs; nothing while no other host is known. */
export function launcherFields(context: ScreenContext): FormField[] {
  const { form, hosts, configure } = context.training.getState();
  const { launcher } = form;
  if (hosts.length === 0 && launcher === null) return [];
  return [
    {
      id: 'launcher',
      title: t('train.field.launcher'),
      about: t('train.about.field.launcher'),
      value: launcher ?? t('train.launcher.local'),
      ...(launcher === null ? {} : { tone: 'changed' as const, reset: () => configure({ launcher: null }) }),
      change: () => chooseLauncher(context),
    },
  ];
}

function chooseLauncher(context: ScreenContext): void {
  const { ui, training } = context;
  const { form, hosts, configure } = training.getState();
  const others = hosts.flatMap((host) => {
    const note = noteOf(context, host);
    const slurm = { id: `slurm:${host.name}`, title: `${host.name} (Slurm)`, ...note };
    return [{ id: `ssh:${host.name}`, title: host.name, ...note }, ...(host.facts?.slurm ? [slurm] : [])];
  });
  const { launcher } = form;
  // One of another kind, as a cloned training may have it.
  const own = launcher !== null && others.every(({ id }) => id !== launcher) ? [{ id: launcher, title: launcher }] : [];
  ui.getState().choose({
    title: t('train.field.launcher'),
    choices: [{ id: HERE, title: t('train.launcher.local') }, ...others, ...own],
    selected: launcher ?? HERE,
    pick: (id) => {
      configure({ launcher: id === HERE ? null : id });
      // What the other machine has no GPU for would be refused.
      if (!hasGpu(context, form.kind) && form.preset !== 'cpu') configure({ preset: 'cpu' }, { remember: false });
    },
  });
}

/** What a host runs it on, or why it cannot. */
function noteOf(context: ScreenContext, host: Host): { note: string } | { disabled: string } {
  const { form } = context.training.getState();
  const launcher = `ssh:${host.name}`;
  if (!host.facts) return { disabled: t('train.launcher.unknown', { host: host.name }) };
  if (host.drainedAt !== undefined) return { disabled: t('train.launcher.drained', { host: host.name }) };
  const engine = engineOn(context, form.kind, launcher);
  if (!engine) return { disabled: t('train.launcher.missing', { name: ENGINE_OF[form.kind], host: host.name }) };
  const [gpu] = host.facts.gpus;
  const what = engine.device === 'cuda' && gpu ? `${host.facts.gpus.length} × ${gpu.name}` : engine.device;
  return { note: `${Object.values(engine.versions)[0] ?? ''} · ${what}` };
}

/** That the engine of the form is not on a host, and what makes it. */
export function whyNoEngine({ training }: ScreenContext, launcher: string): string {
  const { form, engines } = training.getState();
  const name = ENGINE_OF[form.kind];
  const title = engines?.find(({ definition }) => definition.name === name)?.definition.title ?? name;
  return t('train.launcher.noEngine', { engine: title, name, host: hostOf(launcher) });
}
