import type { Command } from 'commander';
import { z } from 'zod';
import type { CommandContext } from '../context.ts';
import { handle, type Invocation } from '../define.ts';
import { fleetLines } from '../fleet-text.ts';

/** `ragtui fleet`: what the Fleet screen shows, once. */
export function addFleet(program: Command, invocation: Invocation): void {
  handle(
    program
      .command('fleet')
      .description('this machine and every host: load, disk, GPUs, jobs, servers, and how old that knowledge is'),
    invocation,
    { args: z.tuple([]), options: z.object({}) },
    fleet,
  );
}

async function fleet({ out, paths, signal }: CommandContext): Promise<undefined> {
  const { lookOnce } = await import('../../fleet/watch.ts');
  const { fleetOf } = await import('../../fleet/model.ts');
  const { HERE } = await import('../../fleet/types.ts');
  const { listHosts } = await import('../../hosts/store.ts');
  const { listJobs } = await import('../../jobs/registry.ts');
  const { ensureWorkspace } = await import('../../platform/paths.ts');
  ensureWorkspace(paths);
  const sightings = await lookOnce(paths, signal);
  const here = sightings.find(({ place }) => place === HERE);
  const places = fleetOf({
    hosts: listHosts(paths),
    seen: Object.fromEntries(sightings.map(({ place, seen }) => [place, seen])),
    jobs: listJobs(paths),
    servers: here?.servers ? { at: here.seen.askedAt, samples: here.servers } : null,
    now: Date.now(),
  });
  out.result({ places }, () => fleetLines(places, Date.now()));
}
