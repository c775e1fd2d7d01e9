import { hostOf } from '../../hosts/types.ts';
import { ENGINE_OF } from '../../training/types.ts';
import { t } from '../../ui/i18n/index.ts';
import type { ScreenContext } from '../context.ts';
import type { FormField } from '../form.ts';
import { HERE, hereChoice, hostNote, launcherFields } from '../host-choice.ts';
import { hasGpu } from './form-parts.ts';

export function trainLauncher(context: ScreenContext): FormField[] {
  const { form, hosts, configure } = context.training.getState();
  return launcherFields(
    { launcher: form.launcher, hosts },
    {
      about: t('train.about.field.launcher'),
      change: () => chooseLauncher(context),
      reset: () => configure({ launcher: null }),
    },
  );
}

function chooseLauncher(context: ScreenContext): void {
  const { ui, training } = context;
  const { form, hosts, configure } = training.getState();
  const others = hosts.flatMap((host) => {
    const note = hostNote(host, ENGINE_OF[form.kind]);
    const slurm = { id: `slurm:${host.name}`, title: `${host.name} (Slurm)`, ...note };
    return [{ id: `ssh:${host.name}`, title: host.name, ...note }, ...(host.facts?.slurm ? [slurm] : [])];
  });
  const { launcher } = form;
  // One of another kind, as a cloned training may have it.
  const own = launcher !== null && others.every(({ id }) => id !== launcher) ? [{ id: launcher, title: launcher }] : [];
  ui.getState().choose({
    title: t('train.field.launcher'),
    choices: [hereChoice(), ...others, ...own],
    selected: launcher ?? HERE,
    pick: (id) => {
      configure({ launcher: id === HERE ? null : id });
      // What the other machine has no GPU for would be refused.
      if (!hasGpu(context, form.kind) && form.preset !== 'cpu') configure({ preset: 'cpu' }, { remember: false });
    },
  });
}

/** That the engine of the form is not on a host, and what makes it. */
export function whyNoEngine({ training }: ScreenContext, launcher: string): string {
  const { form, engines } = training.getState();
  const name = ENGINE_OF[form.kind];
  const title = engines?.find(({ definition }) => definition.name === name)?.definition.title ?? name;
  return t('train.launcher.noEngine', { engine: title, name, host: hostOf(launcher) });
}
