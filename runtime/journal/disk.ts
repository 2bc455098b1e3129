import { mkdir, open, readdir, readFile, rename, rm, stat, statfs } from 'node:fs/promises';
import { lockFolder } from './lock.ts';

/**
 * What the journal asks of a disk, and nothing else: a model of a disk that loses power can stand in its place. What was written is
 * there for good once its file was synced, and a name in a folder once the folder was.
 */
export type Disk = {
  open(path: string, flags: 'r' | 'r+' | 'w'): Promise<DiskFile>;
  readFile(path: string): Promise<Buffer>;
  /** The names in a folder. */
  list(folder: string): Promise<string[]>;
  /** Bytes of a file. */
  size(path: string): Promise<number>;
  /** With its parents, where missing, for their owner alone. */
  makeFolder(folder: string): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  remove(path: string): Promise<void>;
  syncFolder(folder: string): Promise<void>;
  /** Bytes that can still be written. */
  room(folder: string): Promise<number>;
  /** For this process alone, until `release` or its death. @throws SetupFault */
  lock(folder: string): { release(): void };
};

export type DiskFile = {
  read(into: Buffer, offset: number, length: number, position: number): Promise<{ bytesRead: number }>;
  write(bytes: Buffer, offset: number, length: number, position: number): Promise<{ bytesWritten: number }>;
  truncate(bytes: number): Promise<void>;
  datasync(): Promise<void>;
  close(): Promise<void>;
};

export const realDisk: Disk = {
  open: (path, flags) => open(path, flags, 0o600),
  readFile: (path) => readFile(path),
  list: (folder) => readdir(folder),
  size: async (path) => (await stat(path)).size,
  makeFolder: async (folder) => void (await mkdir(folder, { recursive: true, mode: 0o700 })),
  rename,
  remove: (path) => rm(path, { force: true }),
  async syncFolder(folder) {
    const handle = await open(folder, 'r');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  },
  async room(folder) {
    const { bavail, bsize } = await statfs(folder);
    return bavail * bsize;
  },
  lock: lockFolder,
};

export async function writeAll(file: DiskFile, bytes: Buffer, at: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await file.write(bytes, done, bytes.length - done, at + done);
    done += bytesWritten;
  }
}
