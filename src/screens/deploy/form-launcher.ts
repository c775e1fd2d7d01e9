import { hostOf } from '../../hosts/types.ts';
import { t } from '../../ui/i18n/index.ts';
import type { ScreenContext } from '../context.ts';
import type { FormField } from '../form.ts';
import { engineOnHost, HERE, hereChoice, hostNote, hostOfLauncher, launcherFields } from '../host-choice.ts';

export function deployLauncher(context: ScreenContext): FormField[] {
  const { form, hosts } = context.deploy.getState();
  const about = t('deploy.field.launcher.about');
  return launcherFields({ launcher: form.launcher, hosts }, { about, change: () => chooseLauncher(context) });
}

function chooseLauncher({ deploy, ui }: ScreenContext): void {
  const { form, hosts } = deploy.getState();
  ui.getState().choose({
    title: t('train.field.launcher'),
    choices: [
      hereChoice(),
      ...hosts.map((host) => ({ id: `ssh:${host.name}`, title: host.name, ...hostNote(host, 'vllm') })),
    ],
    selected: form.launcher ?? HERE,
    pick: (id) => {
      const { engine } = deploy.getState().form;
      if (id !== HERE) {
        // Only vLLM goes elsewhere.
        deploy.getState().configure({ launcher: id, engine: engine === 'vllm' ? engine : null });
      } else if (engine === 'vllm') deploy.getState().configure({ launcher: null });
      // What only vLLM is told is no request to what fits this machine.
      else deploy.getState().configure({ launcher: null, vllm: {}, kvCacheGiB: null });
    },
  });
}

/** Why the host of the form takes no server now; undefined: it does, or it is this machine. */
export function whyNotThere({ deploy }: Pick<ScreenContext, 'deploy'>): string | undefined {
  const { form, hosts } = deploy.getState();
  const { launcher } = form;
  const found = hostOfLauncher(hosts, launcher);
  if (launcher === null || !found) return undefined;
  const host = hostOf(launcher);
  if (found.drainedAt !== undefined) return t('train.launcher.drained', { host });
  return engineOnHost(found, 'vllm')
    ? undefined
    : t('train.launcher.noEngine', { engine: t('deploy.engine.vllm'), name: 'vllm', host });
}
