import { z } from 'zod';
import { AuditView, ErasureView, QuarantineView } from '#domain/administration.ts';
import { Reachability } from '#domain/contact.ts';
import { PatientFound } from '#domain/homes.ts';
import { ComponentView, PlatformAlert, platformTroubleNames } from '#domain/platform.ts';
import { AlertView, Mail, SourceView, TaskView } from '#domain/views.ts';

/** Answers that are the API's own; what care teams see stands in domain/views.ts. */

export const AlertList = z.object({ alerts: z.array(AlertView) });
export const TaskList = z.object({ tasks: z.array(TaskView) });
export const MailList = z.object({ mails: z.array(Mail) });
/** `more`: there are others behind the last of these. */
export const SourceList = z.object({ sources: z.array(SourceView), more: z.boolean() });

const State = z.enum(['ok', 'degraded', 'down']);
export const Liveness = z.object({ state: State });
export const Readiness = z.object({
  /** The worst of its components'. */
  state: State,
  components: z.record(
    z.string(),
    z.object({ state: State, trouble: z.enum(platformTroubleNames).optional(), detail: z.string().optional() }),
  ),
});

export const PatientsFound = z.object({ patients: z.array(PatientFound), more: z.boolean() });
export const ReachabilityList = z.object({ people: z.array(Reachability) });
export const ComponentList = z.object({ components: z.array(ComponentView) });
export const PlatformAlertList = z.object({ alerts: z.array(PlatformAlert) });
export const AuditList = z.object({ rows: z.array(AuditView), more: z.boolean() });
export const ErasureList = z.object({ erasures: z.array(ErasureView) });
/** `next`: hand it back as `after` for the page behind this one. `waiting`: of all pages. `gaveWay`: rows that had to make room, ever. */
export const QuarantineList = z.object({
  items: z.array(QuarantineView),
  next: z.string().nullable(),
  waiting: z.object({ items: z.int(), readings: z.int() }),
  gaveWay: z.int(),
});

export const answers = {
  ...{ AlertList, TaskList, MailList, SourceList, Liveness, Readiness },
  ...{ PatientsFound, ReachabilityList, ComponentList, PlatformAlertList, AuditList, ErasureList, QuarantineList },
};
