import type { PatientView } from '#domain/views.ts';
import { type PlanPut, usePutPlan } from '../api/plans.ts';
import { useLanguage } from '../locales/language.ts';
import { useTellUndoable } from '../parts/undo.tsx';

/** Puts one part of a patient's plan, with the way back to how it stood. */
export function usePutting({ patient, carePlan }: Pick<PatientView, 'patient' | 'carePlan'>) {
  const { t } = useLanguage();
  const { mutateAsync, isPending } = usePutPlan(patient.id);
  const tellUndoable = useTellUndoable();
  const before = {
    programmes: { part: 'programmes', programmes: carePlan.programmes },
    expected: { part: 'expected', expected: carePlan.expected },
    'follow-up': { part: 'follow-up', followUp: carePlan.followUp },
    pause: { part: 'pause', pause: carePlan.pause },
  } as const satisfies Record<PlanPut['part'], PlanPut>;
  return {
    isPending,
    put: async (wish: PlanPut, done: string): Promise<void> => {
      const stood = before[wish.part];
      await mutateAsync({ put: wish, over: stood });
      tellUndoable(done, () => mutateAsync({ put: stood, over: wish }), t('plan.undone'));
    },
  };
}
