import { spawnSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';

/** A small file system that can be filled, for DATA_DIR. */
export type SmallDisk = { fill(): void; free(): void };

/** `absent`: a sentence that says why there is none. */
export type DiskChoice = { absent: string } | { prepare(folder: string): () => void; disk: SmallDisk };

const sizeMiB = 64;

/** A tmpfs, which only root may mount. */
export function smallDisk(): DiskChoice {
  if (process.getuid?.() !== 0) return { absent: 'No disk is filled: only root can mount one that is small.' };
  let filler = '';
  const free = () => rmSync(filler, { force: true });
  return {
    prepare(folder) {
      mkdirSync(folder, { mode: 0o700 });
      const { status } = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${sizeMiB}m,mode=700`, 'hearthbeat', folder]);
      if (status !== 0) throw new Error('a small file system could not be mounted');
      filler = join(folder, 'filler');
      return () => {
        // lazily: somebody who was killed may not be gone yet
        spawnSync('umount', ['--lazy', folder]);
      };
    },
    disk: {
      fill() {
        const file = openSync(filler, 'w');
        // ever smaller pieces, so that not a byte is left
        for (let bytes = 1 << 20; bytes >= 1; bytes >>= 4) {
          try {
            for (const piece = Buffer.alloc(bytes); ; ) writeSync(file, piece);
          } catch (fault) {
            if ((fault as NodeJS.ErrnoException).code !== 'ENOSPC') throw fault;
          }
        }
        closeSync(file);
      },
      free,
    },
  };
}
