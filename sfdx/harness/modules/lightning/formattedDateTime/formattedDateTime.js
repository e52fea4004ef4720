import { LightningElement, api } from 'lwc';

/** Stands in for lightning-formatted-date-time, in the language of the page. */
export default class FormattedDateTime extends LightningElement {
    @api value;
    @api year;
    @api month;
    @api day;
    @api hour;
    @api minute;

    get shown() {
        const { year, month, day, hour, minute } = this;
        const form = { year, month, day, hour, minute, timeZone: 'UTC' };
        return this.value ? new Date(this.value).toLocaleString('en-US', form) : '';
    }
}
