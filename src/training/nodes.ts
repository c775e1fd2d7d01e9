import { type Host, hostOf, isSlurm } from '../hosts/types.ts';
import { RagtuiError } from '../platform/errors.ts';

/**
 * Refuses nodes that are not to be had: `usage` where no Slurm gives any, `unsupported` where the partition has fewer, as
 * the host said when it was looked at last. `host`: of the launcher. Pure.
 */
export function checkNodes(
  { nodes = 1 }: { readonly nodes?: number | undefined },
  launcher: string | undefined,
  host?: Host,
): void {
  if (nodes < 2) return;
  if (launcher === undefined || !isSlurm(launcher)) {
    const where = launcher === undefined ? 'this machine is one' : `${launcher} is one machine`;
    throw new RagtuiError(
      'usage',
      `A training on ${nodes} nodes needs Slurm: ${where}.`,
      'Give --launcher slurm:HOST (see "ragtui hosts list"), or leave --nodes out.',
    );
  }
  const most = host && mostNodes(host);
  if (most === undefined || nodes <= most.nodes) return;
  throw new RagtuiError(
    'unsupported',
    `${nodes} nodes are asked for, and ${most.partition === undefined ? 'the largest partition' : `the partition ${most.partition}`} of ${hostOf(launcher)} has ${most.nodes}.`,
    `Give --nodes ${most.nodes} or fewer, or another partition: ragtui hosts add ${hostOf(launcher)} --partition NAME.`,
  );
}

interface Most {
  /** Absent: none was chosen, and the cluster's own default is not known. */
  readonly partition?: string;
  readonly nodes: number;
}

/** The most nodes that a host's Slurm can give at once; undefined: it did not say. */
export function mostNodes({ facts, slurm = {} }: Pick<Host, 'facts' | 'slurm'>): Most | undefined {
  const sizes = new Map<string, number>();
  // Of a partition with nodes of several kinds there is a line for each.
  for (const { name, nodes } of facts?.slurm?.partitions ?? []) sizes.set(name, (sizes.get(name) ?? 0) + nodes);
  const { partition } = slurm;
  const named = partition === undefined ? undefined : sizes.get(partition);
  if (partition !== undefined) return named === undefined ? undefined : { partition, nodes: named };
  return sizes.size === 0 ? undefined : { nodes: Math.max(...sizes.values()) };
}
