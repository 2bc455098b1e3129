import { createContext, type ReactNode, useContext, useMemo, useState } from 'react';
import { type GlucoseUnit, glucoseUnits } from '#domain/glucose-unit.ts';
import type { Language } from '#domain/words.ts';
import { useLanguage } from '../locales/language.ts';
import { Choice } from './choice.tsx';
import { type Units, unitsFor } from './shown.ts';

/** In which units this browser shows values: the reader's own choice, or else what is usual where the language is spoken. */

const rememberedAs = 'hearthbeat.glucose-unit';
const usual = { en: 'mg/dL', zh: 'mmol/L' } as const satisfies Record<Language, GlucoseUnit>;

type ChosenUnits = Units & { chooseGlucose: (unit: GlucoseUnit) => void };
const Chosen = createContext<ChosenUnits>({ ...unitsFor('mg/dL'), chooseGlucose: () => {} });

export const useUnits = (): ChosenUnits => useContext(Chosen);

export function ShownUnits({ children }: { children: ReactNode }) {
  const { language } = useLanguage();
  const [chosen, setChosen] = useState(remembered);
  const glucose = chosen ?? usual[language];
  const units = useMemo(() => {
    const chooseGlucose = (unit: GlucoseUnit) => {
      localStorage.setItem(rememberedAs, unit);
      setChosen(unit);
    };
    return { ...unitsFor(glucose), chooseGlucose };
  }, [glucose]);
  return <Chosen.Provider value={units}>{children}</Chosen.Provider>;
}

const remembered = (): GlucoseUnit | undefined =>
  glucoseUnits.find((unit) => unit === localStorage.getItem(rememberedAs));

export function GlucoseUnitChoice() {
  const { t } = useLanguage();
  const { glucose, chooseGlucose } = useUnits();
  return (
    <div>
      <p className="muted">{t('shell.glucoseUnit')}</p>
      <Choice
        label={t('shell.glucoseUnit')}
        options={glucoseUnits.map((unit) => ({ value: unit, words: unit }))}
        value={glucose}
        choose={chooseGlucose}
      />
    </div>
  );
}
