import { z } from 'zod';
import { platformTroubleNames } from '#domain/platform.ts';
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

export const answers = { AlertList, TaskList, MailList, SourceList, Liveness, Readiness };
