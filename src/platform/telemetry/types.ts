import { z } from 'zod';

/** The machine at one moment. A number that could not be read is null. */
export const machineSchema = z.object({
  /** Busy share of all cores since the sample before, 0…1. */
  cpu: z.number().nullable(),
  cores: z.number().int(),
  /** Processes that want to run, averaged over a minute. */
  load: z.number().nullable(),
  memoryTotal: z.number().nullable(),
  /** What programs can still have without swapping, bytes. */
  memoryAvailable: z.number().nullable(),
});
export type Machine = z.infer<typeof machineSchema>;

/** One GPU, or one MIG slice's card. Bytes, shares 0…1, °C, W; null = the driver does not tell. */
export const gpuSchema = z.object({
  index: z.number().int(),
  uuid: z.string(),
  name: z.string(),
  busy: z.number().nullable(),
  memoryUsed: z.number().nullable(),
  memoryTotal: z.number().nullable(),
  temperature: z.number().nullable(),
  power: z.number().nullable(),
  powerLimit: z.number().nullable(),
});
export type Gpu = z.infer<typeof gpuSchema>;

export const gpuProcessSchema = z.object({
  pid: z.number().int(),
  gpu: z.string(),
  /** Bytes; null = the driver does not tell (MIG, containers). */
  memory: z.number().nullable(),
  /** The watched process that it is, or is below of: the worker of a job. Absent: none of them. */
  owner: z.number().int().optional(),
});
export type GpuProcess = z.infer<typeof gpuProcessSchema>;

/** `unknown`: the driver was asked and has not answered; `none`: no GPU or no driver; `failed`: there is a driver and it said something else, in `reason`. */
export const gpusSchema = z.discriminatedUnion('state', [
  z.object({ state: z.literal('unknown') }),
  z.object({ state: z.literal('none') }),
  z.object({ state: z.literal('failed'), reason: z.string() }),
  z.object({ state: z.literal('ok'), gpus: z.array(gpuSchema), processes: z.array(gpuProcessSchema) }),
]);
export type Gpus = z.infer<typeof gpusSchema>;

/** A process and all its descendants. */
export const processTreeSchema = z.object({
  processes: z.number().int(),
  /** Resident bytes, shared pages counted in each process. */
  memory: z.number(),
  /** Cores kept busy since the sample before: 1.5 = one and a half. */
  cores: z.number().nullable(),
});
export type ProcessTree = z.infer<typeof processTreeSchema>;
