import { basename, dirname } from 'node:path';
import type { Disk, DiskFile } from '#runtime/journal/disk.ts';
import type { Random } from '#runtime/random.ts';

/**
 * A disk in memory that loses power. What was written is in doubt until its file was synced, a name until its folder was: when the
 * power goes, each such write is kept, dropped, torn at any byte, kept in some sectors only, or left as zeros, independently of the
 * others and whatever their order; each such name is there or not. A sync that failed leaves what it was to write in doubt for good, as
 * Linux does (P. Rebello et al., "Can Applications Recover from fsync Failures?", USENIX ATC 2020).
 */

type Change = { kind: 'write'; at: number; bytes: Buffer } | { kind: 'size'; bytes: number };
type Kept = { change: Change; certain: boolean; doomed: boolean };
type File = { base: Buffer; changes: Kept[] };
type Naming = { folder: string; names: [name: string, file: File | undefined][] };

export type Faults = {
  /** Of a write: part of it is done, then ENOSPC. */
  write: number;
  /** Of a sync: EIO, and nobody knows. */
  sync: number;
};

const sectorBytes = 512;

export type DiskModel = Disk & {
  /** Resolves when the power goes: from then on nothing is answered any more. */
  died: Promise<void>;
  /** The power goes after so many further operations, in the midst of the last. */
  dieAfter(operations: number): void;
  faults: Faults;
  /** What is found when the power is back, or after a kill only (`power` false), when nothing is lost. */
  revived(power: boolean): DiskModel;
  /** For damage that no loss of power explains. */
  flip(path: string, at: number): void;
};

export function createDiskModel(random: Random): DiskModel {
  return modelOf(random, new Map([['/data', new Map()]]));
}

function modelOf(random: Random, found: Map<string, Map<string, File>>): DiskModel {
  const faults: Faults = { write: 0, sync: 0 };
  const certainFolders = new Set(found.keys());
  /** By folder and name: as everybody sees them, and as they are for certain. */
  const names = found;
  const certain = new Map([...found].map(([folder, entries]) => [folder, new Map(entries)]));
  let namings: Naming[] = [];
  let left = Number.POSITIVE_INFINITY;
  let dead = false;
  let die = () => {};
  const died = new Promise<void>((resolve) => {
    die = resolve;
  });
  const chance = (share: number) => random.next() < share;

  /** Every operation takes its time, so that those that are under way at once end in any order, and one is the last. */
  async function take<T>(run: () => T): Promise<T> {
    for (let turns = Math.floor(random.next() * 4); turns >= 0; turns--) await undefined;
    if (dead) return new Promise(() => {});
    left -= 1;
    if (left > 0) return run();
    dead = true;
    // the last one may have come to pass, although nobody heard of it
    if (chance(0.5))
      try {
        run();
      } catch {
        // and failed
      }
    die();
    return new Promise(() => {});
  }

  const fileAt = (path: string): File => {
    const file = names.get(dirname(path))?.get(basename(path));
    if (!file) throw Object.assign(new Error(`no ${path}`), { code: 'ENOENT' });
    return file;
  };
  const rename = (folder: string, ...changed: Naming['names']) => {
    for (const [name, file] of changed)
      if (file) names.get(folder)!.set(name, file);
      else names.get(folder)!.delete(name);
    namings.push({ folder, names: changed });
  };
  const note = (file: File, change: Change) => void file.changes.push({ change, certain: false, doomed: false });

  const sync = (file: File) => {
    if (chance(faults.sync)) {
      for (const kept of file.changes) kept.doomed ||= !kept.certain;
      throw Object.assign(new Error('the disk failed'), { code: 'EIO' });
    }
    for (const kept of file.changes) kept.certain ||= !kept.doomed;
    if (file.changes.every((kept) => kept.certain)) {
      file.base = contentOf(file);
      file.changes = [];
    }
  };

  const open = (path: string, flags: 'r' | 'r+' | 'w'): DiskFile => {
    if (flags === 'w') {
      const known = names.get(dirname(path))?.get(basename(path));
      if (known) note(known, { kind: 'size', bytes: 0 });
      else rename(dirname(path), [basename(path), { base: Buffer.alloc(0), changes: [] }]);
    }
    const file = fileAt(path);
    return {
      read: (into, offset, length, position) =>
        take(() => ({ bytesRead: contentOf(file).copy(into, offset, position, position + length) })),
      write: (bytes, offset, length, position) =>
        take(() => {
          const fails = chance(faults.write);
          const done = fails ? Math.floor(random.next() * length) : length;
          note(file, { kind: 'write', at: position, bytes: Buffer.from(bytes.subarray(offset, offset + done)) });
          if (fails) throw Object.assign(new Error('no room'), { code: 'ENOSPC' });
          return { bytesWritten: done };
        }),
      truncate: (bytes) => take(() => note(file, { kind: 'size', bytes })),
      datasync: () => take(() => sync(file)),
      close: () => take(() => {}),
    };
  };

  return {
    died,
    faults,
    dieAfter(operations) {
      left = operations;
    },
    open: (path, flags) => take(() => open(path, flags)),
    readFile: (path) => take(() => contentOf(fileAt(path))),
    list: (folder) => take(() => [...(names.get(folder)?.keys() ?? [])]),
    size: (path) => take(() => contentOf(fileAt(path)).length),
    makeFolder: (folder) =>
      take(() => {
        for (let path = folder; !names.has(path); path = dirname(path)) names.set(path, new Map());
        for (const path of names.keys()) if (!certain.has(path)) certain.set(path, new Map());
      }),
    rename: (from, to) => take(() => rename(dirname(from), [basename(to), fileAt(from)], [basename(from), undefined])),
    remove: (path) => take(() => rename(dirname(path), [basename(path), undefined])),
    syncFolder: (folder) =>
      take(() => {
        if (chance(faults.sync)) throw Object.assign(new Error('the disk failed'), { code: 'EIO' });
        for (const path of names.keys()) if (dirname(path) === folder) certainFolders.add(path);
        for (const naming of namings.filter((one) => one.folder === folder)) apply(certain.get(folder)!, naming);
        namings = namings.filter((one) => one.folder !== folder);
      }),
    room: () => take(() => 1024 ** 4),
    lock: () => ({ release: () => {} }),
    flip(path, at) {
      const file = fileAt(path);
      file.base = contentOf(file);
      file.changes = [];
      file.base[at]! ^= 0xff;
    },
    revived(power) {
      dead = true;
      const files = new Map<File, File>();
      const settled = (file: File): File => {
        const known = files.get(file);
        if (known) return known;
        const next = { base: power ? survivorOf(file, random) : contentOf(file), changes: [] };
        files.set(file, next);
        return next;
      };
      const after = power ? certain : names;
      if (power) for (const naming of namings) if (chance(0.5)) apply(after.get(naming.folder)!, naming);
      const found = new Map<string, Map<string, File>>();
      for (const [folder, entries] of [...after].sort(([one], [other]) => one.length - other.length)) {
        const exists = !power || certainFolders.has(folder) || (found.has(dirname(folder)) && chance(0.5));
        if (exists) found.set(folder, new Map([...entries].map(([name, file]) => [name, settled(file)])));
      }
      return modelOf(random, found);
    },
  };
}

function apply(entries: Map<string, File>, { names }: Naming): void {
  for (const [name, file] of names)
    if (file) entries.set(name, file);
    else entries.delete(name);
}

const contentOf = (file: File): Buffer =>
  file.changes.reduce<Buffer>((content, { change }) => changed(content, change), Buffer.from(file.base));

function changed(content: Buffer, change: Change): Buffer {
  if (change.kind === 'size')
    return change.bytes <= content.length
      ? content.subarray(0, change.bytes)
      : Buffer.concat([content, Buffer.alloc(change.bytes - content.length)]);
  const end = change.at + change.bytes.length;
  const wide = end <= content.length ? content : Buffer.concat([content, Buffer.alloc(end - content.length)]);
  change.bytes.copy(wide, change.at);
  return wide;
}

/** How much of what is in doubt is there differs from one loss of power to the next: all, nothing, or some of it. */
function survivorOf(file: File, random: Random): Buffer {
  const share = [0, 0.5, 0.5, 1][Math.floor(random.next() * 4)]!;
  return file.changes.reduce<Buffer>((content, { change, certain }) => {
    if (certain) return changed(content, change);
    const remains = random.next() < share ? change : torn(change, random);
    return remains ? changed(content, remains) : content;
  }, Buffer.from(file.base));
}

function torn(change: Change, random: Random): Change | undefined {
  const fate = Math.floor(random.next() * 4);
  if (fate === 0 || change.kind === 'size') return undefined;
  const { at, bytes } = change;
  if (fate === 1) return { ...change, bytes: bytes.subarray(0, Math.floor(random.next() * bytes.length)) };
  if (fate === 2) return { ...change, bytes: Buffer.alloc(bytes.length) };
  const some = Buffer.from(bytes);
  for (let sector = Math.floor(at / sectorBytes) * sectorBytes; sector < at + bytes.length; sector += sectorBytes)
    if (random.next() < 0.5) some.fill(0, Math.max(0, sector - at), Math.min(bytes.length, sector + sectorBytes - at));
  return { ...change, bytes: some };
}
