;;; What generated packages share: exact arithmetic, total operations, and the
;;; base of their errors.
;;;
;;; Amounts and other decimals are whole numbers of their smallest unit, so
;;; nothing here rounds unless it is told how. An optional value is the value
;;; itself, or :NONE.

(defpackage #:exact
  (:use #:cl)
  (:export #:arguments #:contains #:contract-error #:decimal-text #:element
           #:error-name #:error-number #:error-retry #:half-up #:or-else
           #:part #:same #:up))

(in-package #:exact)

(define-condition contract-error (error)
  ((name :initarg :name :reader error-name)
   (number :initarg :number :reader error-number)
   (retry :initarg :retry :reader error-retry))
  (:documentation "An error that a contract declares."))

(defgeneric arguments (condition)
  (:documentation "What an error tells, as numbers, in its contract's order.")
  (:method ((condition contract-error))
    '()))

(defgeneric same (a b)
  (:documentation "Are two values equal, in all of their parts?")
  (:method (a b)
    (eql a b))
  (:method ((a string) (b string))
    (string= a b))
  (:method ((a cons) (b cons))
    (and (same (car a) (car b))
         (same (cdr a) (cdr b)))))

(defun up (a b)
  "The quotient, rounded away from zero."
  (values (if (eq (minusp a) (minusp b)) (ceiling a b) (floor a b))))

(defun half-up (a b)
  "The quotient, rounded to the nearest; half away from zero."
  (multiple-value-bind (whole rest) (truncate a b)
    (if (< (* 2 (abs rest)) (abs b)) whole (up a b))))

(defun or-else (value fallback)
  "The value, or the fallback when there is none."
  (if (eq value :none) fallback value))

(defun element (items place)
  "The element at a place from 0; none when there is none."
  (if (< -1 place (length items)) (nth place items) :none))

(defun contains (items item)
  "Is a value among them?"
  (and (member item items :test #'same) t))

(defun part (items place count)
  "From a place, at most so many."
  (let* ((start (min (max place 0) (length items)))
         (end (min (+ start (max count 0)) (length items))))
    (subseq items start end)))

(defun decimal-text (digits scale)
  "A number of units of ten to the power of minus the scale, with its point."
  (multiple-value-bind (whole part) (truncate (abs digits) (expt 10 scale))
    (format nil "~:[~;-~]~D.~V,'0D" (minusp digits) whole scale part)))
