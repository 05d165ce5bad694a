/** The customer's form for a new RFI or a revision. Each input has the name of its field. */

import { type ReactNode, type SubmitEvent, useId, useState } from "react";
import { ParleyError } from "../parley/errors";
import type { RfiContent } from "../parley/types";
import { useClient, useStore } from "./context";
import { ErrorNote } from "./parts";
import { CITIES, cityAt } from "./places";
import { contentOf, type RfiFields } from "./rfi-content";
import type { SavedFields } from "./useSavedFields";

interface Props {
  /** The current fields, and how to change them. */
  saved: SavedFields<RfiFields>;
  isBusy: boolean;
  error: ParleyError | null;
  submitLabel: string;
  submitTestId: string;
  onSubmit: (content: RfiContent, isDraft: boolean) => void;
  /** Also offer to save a draft. */
  canDraft?: boolean;
  children?: ReactNode;
}

/** The props of every group of inputs. */
interface Inputs {
  fields: RfiFields;
  set: (changed: Partial<RfiFields>) => void;
  isInvalid: (name: string) => boolean;
}

export function RfiForm(props: Props) {
  const { fields, set } = props.saved;
  const [inputError, setInputError] = useState<ParleyError | null>(null);
  const error = inputError ?? props.error;
  const inputs: Inputs = {
    fields,
    set,
    isInvalid: (name) => error?.errors.some((each) => each.path === name) ?? false,
  };
  const submit = (event: SubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    const answer = contentOf(fields);
    if ("errors" in answer) {
      setInputError(new ParleyError("validation_failed", "Please fix the following:", answer));
      const first = event.currentTarget.elements.namedItem(answer.errors[0]?.path ?? "");
      if (first instanceof HTMLElement) first.focus();
      return;
    }
    setInputError(null);
    const button = event.nativeEvent.submitter as HTMLButtonElement | null;
    props.onSubmit(answer.content, button?.value === "draft");
  };
  return (
    <form className="card stack" data-testid="rfi-form" aria-label="Request" noValidate onSubmit={submit}>
      <DescriptionFields {...inputs} />
      <LocationFields {...inputs} />
      <TermsFields {...inputs} />
      <ErrorNote error={error} />
      <div className="row">
        <button className="primary" type="submit" value="submit" disabled={props.isBusy} data-testid={props.submitTestId}>
          {props.isBusy ? "Sending…" : props.submitLabel}
        </button>
        {props.canDraft && (
          <button type="submit" value="draft" disabled={props.isBusy} data-testid="rfi-draft">
            Save as draft
          </button>
        )}
        {props.children}
      </div>
    </form>
  );
}

function DescriptionFields({ fields, set, isInvalid }: Inputs) {
  const { items, error } = useStore(useClient().categories.state);
  return (
    <>
      <ErrorNote error={error} />
      <label>
        Category
        <select
          name="category"
          required
          aria-invalid={isInvalid("category")}
          value={fields.category}
          onChange={(event) => set({ category: event.target.value })}
        >
          <option value="">{items === null ? "Loading…" : "Choose…"}</option>
          {items?.map((each) => (
            <option key={each.id} value={each.id}>
              {each.name}
            </option>
          ))}
        </select>
      </label>
      <label>
        Title
        <input
          name="title"
          required
          aria-invalid={isInvalid("title")}
          maxLength={160}
          value={fields.title}
          onChange={(event) => set({ title: event.target.value })}
        />
      </label>
      <label>
        Description
        <textarea
          name="description"
          required
          aria-invalid={isInvalid("description")}
          rows={5}
          maxLength={8_000}
          value={fields.description}
          onChange={(event) => set({ description: event.target.value })}
        />
      </label>
    </>
  );
}

function LocationFields(inputs: Inputs) {
  const { fields, set } = inputs;
  const chosen = cityAt(Number(fields.longitude), Number(fields.latitude));
  const choose = (name: string) => {
    const city = CITIES.find((each) => each.name === name);
    if (city) set({ longitude: String(city.longitude), latitude: String(city.latitude) });
  };
  return (
    <fieldset>
      <legend>Location</legend>
      <label>
        City
        <select
          name="place"
          value={chosen?.name ?? ""}
          onChange={(event) => choose(event.target.value)}
        >
          <option value="" disabled>
            Other (use the coordinates below)
          </option>
          {CITIES.map((each) => (
            <option key={each.name}>{each.name}</option>
          ))}
        </select>
      </label>
      <div className="pair">
        <TextField name="longitude" label="Longitude" inputMode="text" {...inputs} />
        <TextField name="latitude" label="Latitude" inputMode="text" {...inputs} />
      </div>
    </fieldset>
  );
}

function TermsFields(inputs: Inputs) {
  return (
    <>
      <div className="pair">
        <TextField name="budget_min" label="Minimum budget (USD)" inputMode="decimal" {...inputs} />
        <TextField name="budget_max" label="Maximum budget (USD)" inputMode="decimal" {...inputs} />
      </div>
      <label className="check">
        <input
          type="checkbox"
          name="budget_visibility"
          checked={inputs.fields.budget_visibility === "shown"}
          onChange={(event) =>
            inputs.set({ budget_visibility: event.target.checked ? "shown" : "hidden" })
          }
        />
        Show the budget to vendors before they accept
      </label>
      <div className="pair">
        <TextField name="needed_by" label="Needed by" type="date" {...inputs} />
        <TextField name="max_vendors" label="Maximum number of vendors" type="number" {...inputs} />
      </div>
    </>
  );
}

interface TextFieldProps extends Inputs {
  name: keyof RfiFields;
  label: string;
  type?: "text" | "date" | "number";
  inputMode?: "text" | "decimal";
}

function TextField(props: TextFieldProps) {
  const id = useId();
  return (
    <label htmlFor={id}>
      {props.label}
      <input
        id={id}
        name={props.name}
        type={props.type ?? "text"}
        inputMode={props.inputMode}
        aria-invalid={props.isInvalid(props.name)}
        value={props.fields[props.name]}
        onChange={(event) => props.set({ [props.name]: event.target.value })}
      />
    </label>
  );
}
