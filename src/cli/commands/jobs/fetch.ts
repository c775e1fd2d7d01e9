import type { Command } from 'commander';
import { z } from 'zod';
import type { CommandContext } from '../../context.ts';
import { handle, type Invocation } from '../../define.ts';

/** `ragtui jobs fetch`. */
export function addJobsFetch(jobs: Command, invocation: Invocation): void {
  handle(
    jobs
      .command('fetch')
      .description('bring what a job made here, its checkpoints on another host included, and tell where it lies')
      .argument('<id>'),
    invocation,
    { args: z.tuple([z.string()]), options: z.object({}) },
    fetchMade,
  );
}

async function fetchMade({ out, paths, signal }: CommandContext, [id]: [string]): Promise<undefined> {
  const { launcherOf } = await import('../../../jobs/launchers/ssh.ts');
  const { readJob } = await import('../../../jobs/registry.ts');
  const made = await launcherOf(paths, id).fetch(readJob(paths, id).spec.id, signal);
  out.result({ job: id, made }, () =>
    made.length === 0 ? 'It made nothing that is there.' : made.map(({ name, path }) => `${name}  ${path}`),
  );
}
