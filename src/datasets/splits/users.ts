import { listJobs } from '../../jobs/registry.ts';
import type { JobSpec, JobWork } from '../../jobs/types.ts';
import type { WorkspacePaths } from '../../platform/paths.ts';
import type { DatasetManifest, Split } from '../types.ts';

/** The trainings and evaluations that used a split, in words, the newest first: their numbers hang on its rows. */
export function usersOf(paths: WorkspacePaths, manifest: DatasetManifest, split: Split): string[] {
  return listJobs(paths).flatMap(({ spec }) => {
    const use = useOf(spec.work);
    if (use?.name !== manifest.name || !names(manifest, split, use.part, spec)) return [];
    const right =
      use.version === undefined ? spec.createdAt >= manifest.lineage.createdAt : use.version === manifest.version;
    return right ? [`${use.what} ${spec.id}`] : [];
  });
}

interface Use {
  readonly what: string;
  readonly name: string;
  readonly version: string | undefined;
  readonly part: string;
}

function useOf(work: JobWork): Use | undefined {
  switch (work.kind) {
    case 'evaluate':
      return { what: 'evaluation', name: work.dataset, version: work.version, part: work.split };
    case 'train-llm':
    case 'train-embedder': {
      const [name = '', version] = work.dataset.split('@');
      return { what: 'training', name, version, part: work.split };
    }
    default:
      return undefined;
  }
}

/** `tutorial/test`, or `test` when no other split had such a part at the time. */
function names({ splits }: DatasetManifest, split: Split, part: string, { createdAt }: JobSpec): boolean {
  const [first, second] = part.split('/');
  if (second !== undefined) return first === split.name;
  const having = splits.filter((one) => one.createdAt <= createdAt && one.parts.some(({ name }) => name === part));
  return having.length === 1 && having[0]?.name === split.name;
}
