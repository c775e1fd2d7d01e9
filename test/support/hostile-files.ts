/** Builders of files that must not harm us, made when a test runs: nothing binary is committed. */

/** Runs `work` without the rights of root, so that file modes count. */
export async function asNobody<T>(work: () => Promise<T>): Promise<T> {
  if (process.geteuid?.() !== 0) return work();
  process.seteuid?.(65534);
  try {
    return await work();
  } finally {
    process.seteuid?.(0);
  }
}
