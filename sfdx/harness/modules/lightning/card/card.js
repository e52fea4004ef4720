import { LightningElement, api } from 'lwc';

/** Stands in for lightning-card. */
export default class Card extends LightningElement {
    @api title;
    @api iconName;
}
