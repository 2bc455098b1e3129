import { closeSync, fsyncSync, openSync, rmSync, statfsSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { SetupFault } from '#domain/errors.ts';
import { type Clock, instant } from '#runtime/clock.ts';
import { bytes } from '../command/phrases.ts';
import { littleDiskBytes } from '../command/status.ts';
import type { Words } from '../command/terminal.ts';
import type { Config } from '../config.ts';
import { type Credentials, credentialsFile, readCredentials } from '../identity/credentials.ts';
import { notAfterOf, paperLimits, renewalAt } from '../identity/papers.ts';
import { codeOf, type Finding, finding } from './finding.ts';

/** A reading is on disk within milliseconds; a card that takes so long is worn out, or of the slowest. */
const slowMs = 1_500;

/** Room, and whether what is written stays: the very thing the outbox does with each reading. */
export function checkDisk(clock: Clock, dataDir: string): Finding {
  const file = join(dataDir, `doctor-${process.pid}`);
  const beganAt = clock.now();
  try {
    const handle = openSync(file, 'wx', 0o600);
    try {
      writeSync(handle, Buffer.alloc(4_096));
      fsyncSync(handle);
    } finally {
      closeSync(handle);
      rmSync(file);
    }
  } catch (fault) {
    const code = codeOf(fault);
    return finding(
      'disk',
      'bad',
      { en: `${dataDir} cannot be written (${code})`, zh: `无法写入 ${dataDir}(${code})` },
      remedies[code] ?? {
        en: 'Set DATA_DIR to a folder on a disk that can be written, or say this with sudo.',
        zh: '请将 DATA_DIR 设为可写磁盘上的目录，或使用 sudo。',
      },
    );
  }
  const tookMs = clock.now() - beganAt;
  const { bavail, bsize } = statfsSync(dataDir);
  const free = bavail * bsize;
  const says = {
    en: `${bytes(free)} free, on disk after ${tookMs} ms`,
    zh: `剩余 ${bytes(free)}，落盘用时 ${tookMs} 毫秒`,
  };
  if (free < littleDiskBytes)
    return finding('disk', 'bad', says, {
      en: `Make room: less than ${bytes(littleDiskBytes)} is left (journalctl --vacuum-size=50M, apt-get clean).`,
      zh: `请清理空间：剩余不足 ${bytes(littleDiskBytes)}(journalctl --vacuum-size=50M、apt-get clean)。`,
    });
  if (tookMs > slowMs)
    return finding('disk', 'doubtful', says, {
      en: 'The card is very slow, and may be worn out: replace it by one of high endurance.',
      zh: '存储卡过慢，可能已磨损：请更换为高耐久存储卡。',
    });
  return finding('disk', 'good', says);
}

const remedies: Record<string, { en: string; zh: string }> = {
  ENOENT: {
    en: 'The folder is not there: enrolling makes it; on a box of its own systemd does (StateDirectory=).',
    zh: '目录不存在：注册时会自动创建；专用设备上由 systemd 创建(StateDirectory=)。',
  },
  EROFS: {
    en: 'The file system is read-only, often because the card failed: look at dmesg, and replace the card.',
    zh: '文件系统为只读，通常是存储卡故障：请查看 dmesg 并更换存储卡。',
  },
  ENOSPC: {
    en: 'The disk is full: make room (journalctl --vacuum-size=50M, apt-get clean).',
    zh: '磁盘已满：请清理空间(journalctl --vacuum-size=50M、apt-get clean)。',
  },
};

/** Whether this box knows who it is, and keeps that to itself. */
export function checkCredentials(clock: Clock, config: Config): Finding {
  if (config.GATEWAY_SOURCE && config.GATEWAY_SECRET)
    return finding('credentials', 'good', {
      en: `of ${config.GATEWAY_SOURCE}, from the environment`,
      zh: `${config.GATEWAY_SOURCE}（来自环境变量）`,
    });
  const file = credentialsFile(config.DATA_DIR);
  try {
    const known = readCredentials(config.DATA_DIR);
    if (!known)
      return finding(
        'credentials',
        'bad',
        { en: 'this box was not enrolled', zh: '本机尚未注册' },
        {
          en: 'Ask the platform for a code and say: hearthbeat-gateway enroll <url> <code>.',
          zh: '请向平台申请注册码并执行：hearthbeat-gateway enroll <网址> <注册码>。',
        },
      );
    if ((statSync(file).mode & 0o077) !== 0)
      return finding(
        'credentials',
        'bad',
        { en: 'other accounts of this box may read them', zh: '本机其他账户可读取凭证' },
        { en: `Say: sudo chmod 600 ${file}.`, zh: `请执行：sudo chmod 600 ${file}。` },
      );
    const says = {
      en: `of ${known.source}, enrolled ${known.enrolledAt.slice(0, 10)}`,
      zh: `${known.source}，注册于 ${known.enrolledAt.slice(0, 10)}`,
    };
    return known.credential.kind === 'certificate'
      ? checkCertificate(clock, known, says)
      : finding('credentials', 'good', says);
  } catch (fault) {
    if (!(fault instanceof SetupFault)) throw fault;
    return finding(
      'credentials',
      'bad',
      { en: 'cannot be read', zh: '无法读取' },
      { en: fault.message, zh: `${file} 无法读取或已损坏：请使用 sudo，或申请新注册码后执行 enroll --again。` },
    );
  }
}

/** It should have been renewed long before it ends. */
function checkCertificate(clock: Clock, known: Credentials, says: Words): Finding {
  const notAfter = notAfterOf(known);
  const ends = instant(notAfter).slice(0, 10);
  if (clock.now() >= notAfter)
    return finding(
      'credentials',
      'bad',
      { en: `${says.en}; the certificate ended on ${ends}`, zh: `${says.zh}；证书已于 ${ends} 到期` },
      {
        en: 'Ask the platform for a new code and say: hearthbeat-gateway enroll <url> <code> --again. What waits stays.',
        zh: '请向平台申请新的注册码并执行：hearthbeat-gateway enroll <网址> <注册码> --again。待发数据不会丢失。',
      },
    );
  const until = { en: `${says.en}; the certificate is good until ${ends}`, zh: `${says.zh}；证书有效期至 ${ends}` };
  if (clock.now() < renewalAt(known, paperLimits.part)) return finding('credentials', 'good', until);
  return finding('credentials', 'doubtful', until, {
    en: `It is to be renewed now, which the running gateway does by itself: see that ${new URL(known.url).origin} can be reached from here.`,
    zh: `证书现应续期，运行中的网关会自动完成：请确认本机可访问 ${new URL(known.url).origin}。`,
  });
}
