import { z } from 'zod';

/** A word of Slurm's: partition, account, feature. Nothing that could end an option or begin another one. */
const word = z.string().regex(/^[A-Za-z0-9_][A-Za-z0-9_.,:=+*/@-]*$/, 'use letters, digits and "_.,:=+*/@-"');

/** What a host asks Slurm for with every job. What is absent is the template's or the cluster's own. */
export const slurmSettingsSchema = z.object({
  partition: word.optional(),
  account: word.optional(),
  qos: word.optional(),
  /** `gpu:1`, `gpu:a100:2`; absent: as many GPUs as the training asks for, where its engine is one for CUDA. */
  gres: word.optional(),
  /** As sbatch takes it: `90`, `4:00:00`, `1-12:00:00`. */
  time: z
    .string()
    .regex(/^(\d+-)?\d+(:\d{1,2}){0,2}$/, 'use MINUTES, H:MM:SS or D-HH:MM:SS')
    .optional(),
  cpus: z.number().int().positive().optional(),
  /** `32G`. */
  memory: z
    .string()
    .regex(/^\d+[KMGT]?$/, 'use a number with K, M, G or T')
    .optional(),
  /** Seconds before the time limit at which a checkpoint is saved. */
  warnSeconds: z.number().int().min(10).max(65_535).optional(),
  /** Loaded before the engine is started. */
  modules: z.array(word).optional(),
  /** Words before the engine's command: `apptainer exec --nv image.sif`. */
  container: z
    .string()
    .regex(/^[^\n\r\0]+$/, 'use one line')
    .optional(),
  /** More options of sbatch: `--constraint=a100`. */
  options: z
    .array(z.string().regex(/^--?[A-Za-z][^\n\r\0]*$/, 'use options of sbatch such as --constraint=a100'))
    .optional(),
});
export type SlurmSettings = z.infer<typeof slurmSettingsSchema>;

/** A checkpoint may take two minutes, and Slurm may be a minute late with its signal. */
export const WARN_SECONDS = 240;
