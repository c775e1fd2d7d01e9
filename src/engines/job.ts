import type { JobContext } from '../jobs/worker.ts';
import { ENGINES } from './definitions.ts';
import { installEngine } from './install.ts';
import { engineFolder } from './store.ts';

/** The body of an `engine-install` job. */
export async function installForJob({ work, paths, report, signal }: JobContext<'engine-install'>): Promise<void> {
  const { engine, device, python } = work;
  const { check, python: used } = await installEngine(paths, engine, {
    device,
    ...(python === undefined ? {} : { python }),
    signal,
    onLog: (text) => report.log('info', text),
    onProgress: ({ phase, packages, bytes }) =>
      report.progress({
        phase,
        done: packages.done,
        total: packages.total,
        unit: 'packages',
        rate: null,
        secondsLeft: null,
        details: bytes.total > 0 ? { 'MB downloaded': toMb(bytes.done), 'MB named': toMb(bytes.total) } : {},
      }),
  });
  const versions = Object.entries(check.versions).map(([name, version]) => `${name} ${version}`);
  report.log('info', `${ENGINES[engine].title} works: Python ${check.python}, ${versions.join(', ')}, ${check.device}`);
  report.artifact(engine, engineFolder(paths, engine), { ...check, executable: used });
}

const toMb = (bytes: number): number => Math.round(bytes / 1e6);
