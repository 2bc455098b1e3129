import type { HoldingView, HomeDeviceView, SourceDetail } from '#domain/homes.ts';
import { DeviceId, type SourceId, type TeamId } from '#domain/ids.ts';
import { troublesOfDevice, troublesOfSource } from '#domain/standing.ts';
import type { SourceView } from '#domain/views.ts';
import { undoWithinMs } from '#runtime/records/assignments.ts';
import { certificatesOf } from '#runtime/records/certificates.ts';
import type { Records } from '#runtime/records/connect.ts';
import {
  devicesOfSource,
  type HoldingOfDevice,
  holdingsOfDevices,
  standingOfSources,
  waitingCodes,
} from '#runtime/records/homes.ts';
import { findSource, type Source } from '#runtime/records/sources.ts';

/** Homes as an administrator sees them: every box, of patients only those of their teams, of nobody any value. */

const certificatesAtMost = 20;
const holdingsAtMost = 500;

type Eyes = { teams: readonly TeamId[]; now: number };

export async function sourceViews(records: Records, sources: readonly Source[], now: number): Promise<SourceView[]> {
  const ids = sources.map((source) => source.id);
  const [standing, codes] = await Promise.all([standingOfSources(records, ids, now), waitingCodes(records, now)]);
  return sources.map((source) => {
    const { credential = null, certificateEndsAt = null, devices = 0 } = standing.get(source.id) ?? {};
    return {
      id: source.id,
      kind: source.kind,
      createdAt: source.createdAt,
      enrolledAt: source.enrolledAt,
      revokedAt: source.revokedAt,
      credential,
      certificateEndsAt,
      codeUntil: codes.get(source.id) ?? null,
      devices,
      state: source.revokedAt ? 'offline' : (source.status?.state ?? 'unknown'),
      stateAt: source.statusAt,
      troubles: troublesOfSource(source.status, source.revokedAt !== null),
      status: source.status,
    };
  });
}

export async function sourceDetail(records: Records, id: SourceId, eyes: Eyes): Promise<SourceDetail | undefined> {
  const source = await findSource(records, id);
  if (!source) return undefined;
  const [[view], certificates, devices] = await Promise.all([
    sourceViews(records, [source], eyes.now),
    certificatesOf(records, id, { limit: certificatesAtMost }),
    devicesOfSource(records, id),
  ]);
  if (!view) return undefined;
  const known = devices.map(({ device }) => device);
  const holdings = Map.groupBy(await holdingsOfDevices(records, known, holdingsAtMost), ({ device }) => device);
  const told = source.status?.devices ?? [];
  return {
    source: view,
    certificates: certificates.map(({ fingerprint, issuedAt, notAfter, revokedAt }) => ({
      ...{ fingerprint, issuedAt, notAfter, revokedAt },
    })),
    devices: devices.map(({ device, model }): HomeDeviceView => {
      const own = told.find((one) => one.device === device);
      return {
        device,
        model: model ?? own?.model ?? null,
        heardAt: own?.heardAt ?? null,
        battery: own?.battery ?? null,
        troubles: troublesOfDevice(own),
        trouble: own?.trouble ?? null,
        holdings: (holdings.get(device) ?? []).map((holding) => holdingView(holding, eyes)),
      };
    }),
    strangers: source.revokedAt
      ? []
      : told.flatMap(({ device, model, heardAt }) => {
          const id = DeviceId.safeParse(device).data;
          if (id === undefined || known.includes(id)) return [];
          return [{ device: id, model: model ?? null, heardAt: heardAt ?? null }];
        }),
  };
}

/** Whoever is of another care team has a device, and no name. */
const holdingView = (holding: HoldingOfDevice, { teams, now }: Eyes): HoldingView => ({
  id: holding.id,
  userSlot: holding.userSlot,
  from: holding.from,
  to: holding.to,
  patient: holding.name && teams.includes(holding.team) ? { id: holding.patient, name: holding.name } : null,
  undoable: holding.name !== null && teams.includes(holding.team) && isUndoable(holding, now),
});

export const isUndoable = ({ createdAt }: { createdAt: string | null }, now: number): boolean =>
  createdAt !== null && now - Date.parse(createdAt) < undoWithinMs;
