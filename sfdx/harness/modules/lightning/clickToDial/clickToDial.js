import { LightningElement, api } from 'lwc';

/** Stands in for lightning-click-to-dial with a softphone that is switched on. */
export default class ClickToDial extends LightningElement {
    @api value;
    @api recordId;
    @api params;

    get shown() {
        const parts = /^\+1(\d{3})(\d{3})(\d{4})$/.exec(this.value);
        return parts ? `(${parts[1]}) ${parts[2]}-${parts[3]}` : this.value;
    }

    get address() {
        return `tel:${this.value}`;
    }
}
