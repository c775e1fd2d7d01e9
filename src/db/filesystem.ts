import { readFileSync, statfsSync } from 'node:fs';
import path from 'node:path';
import { RagtuiError } from '../platform/errors.ts';

/** `f_type` of statfs(2) for file systems whose locks or shared memory SQLite's WAL cannot rely on (linux/magic.h). */
const NETWORK: ReadonlyMap<number, string> = new Map([
  [0x6969, 'NFS'],
  [0x517b, 'SMB'],
  [0xff534d42, 'CIFS'],
  [0xfe534d42, 'SMB2'],
  [0x5346414f, 'AFS'],
  [0x00c36400, 'Ceph'],
  [0x0bd00bd0, 'Lustre'],
  [0x47504653, 'GPFS'],
  [0x19830326, 'BeeGFS'],
  [0x01161970, 'GFS2'],
  [0x7461636f, 'OCFS2'],
]);
const FUSE = 0x65735546;
const NETWORK_FUSE = /^fuse\.(sshfs|s3fs|rclone|glusterfs|ceph|gcsfuse|goofys|juicefs|davfs)/;

export interface FileSystemProbe {
  /** `f_type` of the file system at a path. */
  type(folder: string): number;
  /** Text of /proc/self/mounts. */
  mounts(): string;
}

const real: FileSystemProbe = {
  type: (folder) => statfsSync(folder).type,
  mounts: () => readFileSync('/proc/self/mounts', 'utf8'),
};

/** Refuses a folder on a network file system: SQLite's write-ahead log loses data there. Checks on Linux only. */
export function assertLocalFileSystem(folder: string, probe: FileSystemProbe = real): void {
  if (process.platform !== 'linux') return;
  const type = probe.type(folder) >>> 0;
  const name = NETWORK.get(type) ?? (type === FUSE ? networkFuse(folder, probe.mounts()) : undefined);
  if (!name) return;
  throw new RagtuiError(
    'unsupported',
    `The workspace ${folder} is on a network file system (${name}), where the database could lose data.`,
    'Give a folder on a local disk with --home or RAGTUI_HOME, for example /var/tmp/ragtui.',
  );
}

function networkFuse(folder: string, mounts: string): string | undefined {
  const inside = (point: string) => point === '/' || folder === point || folder.startsWith(point + path.sep);
  const owner = mounts
    .split('\n')
    .map((line) => line.split(' '))
    .map(([, point = '', kind = '']) => ({ point: point.replaceAll('\\040', ' '), kind }))
    .filter(({ point }) => point !== '' && inside(point))
    .sort((a, b) => b.point.length - a.point.length)[0];
  return owner && NETWORK_FUSE.test(owner.kind) ? owner.kind : undefined;
}
